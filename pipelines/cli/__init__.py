"""The `winback` command line.

Belongs here: one module per command, and how errors reach people. Does not belong here: anything a command does beyond
calling `assets` and `winback` and printing the answer.

Exit codes: 0 done, 1 a run failed or a week was withheld, 2 used wrongly.
"""
