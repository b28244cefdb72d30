"""The playbook as people hold it.

Belongs here: cells, titles, file names and the CSV itself. Does not belong here: deciding what is in it.
"""
