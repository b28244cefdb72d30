"""The features that learners of uplift read: what was known of the account before the lot, never what was done with it.

Belongs here: their list, and rows of the test with them. Does not belong here: the learners (`winback.uplift`).
"""

from __future__ import annotations

import polars as pl

from winback.propensity.touch_rows import UNTOUCHED

UPLIFT_FEATURES = (
    "likeliest_family", "reason_tier", "silence_days", "silence_cycles", "cycle_days", "tenure_days", "n_purchase_days",
    "n_earlier_returns", "year_amount", "trimmed_amount", "later_amount_share", "discount_only_share", "usage_level",
    "cost_peer_ratio", "inquiries_peer_ratio", "season_ratio", "last_contact_days", "n_contacts_out_90",
    "n_standards_missed", "is_silent_sufferer", "has_met_decision_maker", UNTOUCHED,
)  # fmt: skip
"""Few, and each with a reason to change the response (Kumar et al. 2015; Ascarza 2018; Pick et al. 2016): a test of a few thousand
rows tells the effects of twenty columns apart at best."""


def uplift_features(rows: pl.DataFrame) -> pl.DataFrame:
    """Those features of rows that have them; texts as text, everything else as floats, in the order of the list."""
    kept = [name for name in UPLIFT_FEATURES if name in rows.columns]
    return rows.select(pl.col(n) if rows.schema[n] == pl.String else pl.col(n).cast(pl.Float64) for n in kept)
