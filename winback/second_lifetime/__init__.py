"""The second lifetime: how long an account stays after a return, what it spends, and what that is worth.

Belongs here: durations and spend after a return, learned from earlier returns, and the value read off them. Does not belong
here: when an account returns (`winback.survival`), what a contact changes, or the net value of a play.
"""
