"""A week on its way to people: the feed gate, the ledger of weeks, and the published folder.

Belongs here: whether a week may be published, what is recorded of it, and what its folder holds. Does not belong here:
computing the week.
"""
