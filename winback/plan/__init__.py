"""The week's plan

Belongs here:  which accounts are on whose list, in which order.. Does not belong here: choosing within minutes, caps and consent:what a row says (`winback.playbook`).
"""
