"""The play catalogue

Belongs here:  which steps answer which reason.. Does not belong here: the catalogue as data and its loader:which account gets which play (`winback.plan`).
"""
