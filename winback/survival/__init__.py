"""Time: how long a silence lasts before an account returns, and until when it can be won.

Belongs here: estimates of time to return and what is read off them. Does not belong here: which accounts are lapsed
(`winback.spells`) or what a return is worth (`winback.value`).
"""
