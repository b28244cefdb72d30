"""Public logs as input files.

Belongs here: turning one known data set into rows of the input contracts. Does not belong here: writing them to disk.
"""
