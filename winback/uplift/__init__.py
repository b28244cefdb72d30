"""What a contact changes: effects, uplift and the worth of choosing, from randomised tests only.

Belongs here: the learners of the effect per customer, cross-fitting, the Qini coefficient, the value of a learned policy, and
whether any of it differs from chance. Does not belong here: logs in which the contact was not given by lot, the planning of
tests, or the commands.
"""
