"""Propensity: the chance that an account returns within the horizon once it is contacted.

Belongs here: past contacts beside what was known then, the model learned from them, what drives it. Does not belong here: the
chance if left alone (`winback.survival`), what a contact changes (`winback.uplift`).
"""
