"""From received files to raw tables, with every record accounted for.

Belongs here: telling tables from file names, decoding, splitting into records, row rules, duplicates, rows held for an
unknown account, the sums. Does not belong here: moving files about (assets) or what the rows mean (sql/core).
"""
