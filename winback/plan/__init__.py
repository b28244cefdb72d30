"""The week's plan: which accounts are on whose list, in which order.

Belongs here: choosing within minutes, caps and consent. Does not belong here: what a row says (`winback.playbook`).
"""
