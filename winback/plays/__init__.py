"""The play catalogue: which steps answer which reason.

Belongs here: the catalogue as data and its loader. Does not belong here: which account gets which play (`winback.plan`).
"""
