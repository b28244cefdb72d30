"""The domain of winback: frames in, frames out.

Belongs here: what lapse, return, value, plans and playbooks mean. Does not belong here: Dagster, the clock, the
environment, or any file that a caller did not hand over.
"""
