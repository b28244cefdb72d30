"""What the SQL of offers needs from the catalogues, as frames.

Belongs here: plays by reason, kinds of offers by play, kinds and sizes as rows. Does not belong here: anything that depends on
an account or an offer (`sql/core/core_offers_week.sql`, `sql/plan`).
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import polars as pl

from winback.offers.kinds import load_kinds
from winback.plays.library import load_plays, play_for
from winback.reasons.taxonomy import LEAF_CODES, load_taxonomy

NO_REASON = "-"
"""Stands for the code and tier of an account without a row in `score_reasons`."""


def offer_tables(point_value_amount: Decimal) -> dict[str, pl.DataFrame]:
    """Every table of this module by name; `point_value_amount` is what a point costs us in base currency."""
    return {
        "core_play_choice": play_choices(),
        "core_play_offers": play_offers(),
        "core_offer_kinds": offer_kinds(point_value_amount),
        "core_offer_sizes": offer_sizes(),
    }


def play_choices() -> pl.DataFrame:
    """Rows of `core_play_choice`: the play for every code, tier and abstention, and for no reason at all."""
    tiers = [tier.tier for tier in load_taxonomy().evidence_tiers]
    combinations = [(NO_REASON, NO_REASON, False), *product(LEAF_CODES, tiers, (False, True))]
    return pl.DataFrame([_choice(*c) for c in combinations], schema_overrides={"play_code": pl.String})


def _choice(code: str, tier: str, is_abstained: bool) -> dict[str, str | bool | None]:
    is_known = code != NO_REASON
    play, is_outright = play_for(code if is_known else None, tier if is_known else None, is_abstained=is_abstained)
    return {
        "likeliest_code": code,
        "reason_tier": tier,
        "is_abstained": is_abstained,
        "play_id": play.id,
        "play_code": play.code,
        "is_outright": is_outright,
        "is_offer_held_back": play.id in load_kinds().held_back,
    }


def play_offers() -> pl.DataFrame:
    """Rows of `core_play_offers`: the kinds a play may bring, `kind_order` from 1, those that cut the price last."""
    rows = [(play.id, kind, order) for play in load_plays().values() for order, kind in enumerate(play.offers, start=1)]
    return pl.DataFrame(rows, schema={"play_id": pl.String, "offer_kind": pl.String, "kind_order": pl.Int64}, orient="row")


def offer_kinds(point_value_amount: Decimal) -> pl.DataFrame:
    """Rows of `core_offer_kinds`, one per kind."""
    return pl.DataFrame(
        [
            {
                "offer_kind": name,
                "is_price_offer": kind.is_price,
                "cost_basis": kind.cost,
                "offer_minutes": kind.minutes,
                "is_sized": kind.is_sized,
                "needs_interest": kind.needs == "interest",
                "needs_points": kind.needs == "points",
                "point_value_amount": point_value_amount,
            }
            for name, kind in load_kinds().kinds.items()
        ]
    )


def offer_sizes() -> pl.DataFrame:
    """Rows of `core_offer_sizes`: the size of a first offer by cell of the loyalty and usage grid."""
    sizes = load_kinds().sizes
    return pl.DataFrame({"loyalty_cell": list(sizes), "size_step": list(sizes.values())})
