"""Import files for customer-relationship systems.

Belongs here: the week's rows as tasks of other systems. Does not belong here: the rows themselves, sending anything anywhere.
"""
