"""Spells: when an account counts as lapsed.

Belongs here: cycle groups and the silence after which an account counts as lapsed. Does not belong here: building the
spells themselves, which is set-based work (`sql/core/core_spells.sql`).
"""
