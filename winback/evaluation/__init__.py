"""How good the predictions are, out of time, with intervals.

Belongs here: protocols, metrics, the bootstrap by account, the simplest baselines and the report. Does not belong here:
fitting the product's models or building their features (`winback.survival`).
"""
