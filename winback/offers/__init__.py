"""Offers: what each kind costs, who may have it, how it is put into words, and what its sponsor is told.

Belongs here: the kinds of offers as data, the tables that the SQL of offers reads, texts, the sponsor's files. Does not belong
here: the rules per account (`sql/plan/plan_offer_fits.sql`, `plan_options.sql`) or which arm is taken (`winback.plan`).
"""
