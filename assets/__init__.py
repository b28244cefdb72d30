"""WHAT is made: thin Dagster assets, one module per stage.

Belongs here: assets, the resources and partitions they share, and the disk they live on. Does not belong here: the domain
(`winback`), or when anything runs (`pipelines`).
"""
