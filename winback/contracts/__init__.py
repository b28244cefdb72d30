"""What is made from contracts, and only from them.

Belongs here: DDL, row rules, expectations, as-of views, CSV templates and the table reference, each in its own module.
Does not belong here: reading contract files (`data_contracts`) or anything that knows one particular table.
"""
