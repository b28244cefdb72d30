"""At risk: which active accounts are likely to lapse within the horizon, while they can still be kept.

Belongs here: landmarks of active accounts, and the chance of lapse learned from them. Does not belong here: when a lapse is
told (`winback.spells`), lapsed accounts and their return (`winback.survival`).
"""
