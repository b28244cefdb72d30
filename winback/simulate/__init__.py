"""The simulated market.

Belongs here: a market of B2B accounts with known truth, its weekly continuation, and the comparison of its spend with real
logs. Everything that comes out of here is simulated and must be called so. Does not belong here: anything that the pipeline
reads; it sees only the input tables, as files.
"""
