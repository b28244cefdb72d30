"""What people are told when a run that nobody watches fails.

Belongs here: the words of an alert. Does not belong here: sending it (`assets.alerts`), or when (`pipelines.sensors`).
"""
