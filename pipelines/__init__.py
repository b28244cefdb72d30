"""WHEN things run: definitions, jobs, schedules and the `winback` command line.

Belongs here: putting assets to work, the clock, the environment, and talking to people on the terminal. Does not belong
here: assets and the domain.
"""
