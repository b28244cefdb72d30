"""Measurement: what the contacts changed, what the policy is worth, and whether those who came back stay.

Belongs here: intervals, checks of the lot, values of policies, and their tables, from assignments with known outcomes. Does not
belong here: learning effects per account (`winback.uplift`), choosing who is contacted (`winback.plan`).
"""
