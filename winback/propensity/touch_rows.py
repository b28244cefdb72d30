"""Contacts as the model takes them: who was contacted, under which play and offer, and what was known of them then.

Belongs here: the columns that contacts of the past and options of this week share, and joining them. Does not belong here: what
was known in past weeks (`past_weeks`), models.

A past contact and an option of this week pass through the same joins, so a feature means the same in both. The reason is the one
concluded for the week of the contact, never today's: accounts that returned meanwhile have no reason today, and a model would read
the outcome off the gap.
"""

from __future__ import annotations

import polars as pl

from winback.plays.library import load_plays
from winback.propensity.past_weeks import monday
from winback.survival.landmark_rows import OUTCOMES
from winback.survival.snapshots import KEY

NO_OFFER = "none"

ARM = ("play_id", "offer_id", "play_channel")
"""What distinguishes one way to contact an account from another."""

REASON_COLUMNS = ("likeliest_code", "reason_tier", "is_abstained", "reason_prob")
"""Columns of `score_reasons` that are read."""

PRICE_KINDS = ("cash_off", "discount", "discount_upgrade", "price_difference_refund", "voucher")
"""Kinds of offers that lower the price."""

UNTOUCHED = "untouched_log_odds"
"""Log-odds of a return if left alone, by the return model, for the same horizon."""

FEATURES = (
    "likeliest_code", "reason_family", "reason_tier", "is_asking", "play_channel", "has_offer", "offer_kind",
    "offer_amount_share", "offer_discount_share", "is_price_offer", "is_reason_matched", "silence_days", "season_ratio",
    "tenure_days", "n_purchase_days", "n_earlier_returns", "year_amount", "discount_only_share", "n_contacts_out_90",
    "has_met_decision_maker",
)  # fmt: skip
"""Few: reason, play, offer, silence and the first lifetime in short. What else the first lifetime says about a return is in the
chance if left alone, learned from every silence of the log. Given all 150 features, a few hundred returns after contacts taught the
models less than these (out of time on 8,478 simulated contacts: PR-AUC 0.107 with all, 0.118 with these)."""

_HIDDEN = ("cycle_group", "is_touched", *OUTCOMES)


def worked_treatments(treatments: pl.DataFrame) -> pl.DataFrame:
    """Rows of `core_treatments` that a model may learn from: worked, not a holdout's, horizon over; with `has_returned` known."""
    return treatments.filter(
        pl.col("is_worked").fill_null(False)
        & (pl.col("assignment") != "holdout")
        & pl.col("is_settled")
        & pl.col("has_returned").is_not_null()
    )


def past_touches(treatments: pl.DataFrame, known: pl.DataFrame, reasons: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Rows of `worked_treatments` with what was known on their Monday, sorted by week, account and row key.

    `known`: features per account and `as_of_on` (`past_weeks`), `reasons`: account_id, as_of_on and REASON_COLUMNS, `offers`:
    versions of `core_offers`. A contact with an account that was not lapsed on that Monday has no row in `known` and is left out.
    """
    arms = treatments.select("row_key", "account_id", monday(), *ARM, "has_returned")
    rows = arms.join(known.drop(_HIDDEN, strict=False), on=list(KEY), how="inner")
    return _with_arm(rows, reasons, offers).sort("as_of_on", "account_id", "row_key")


def option_rows(options: pl.DataFrame, known: pl.DataFrame, reasons: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Rows of `plan_options` with what is known this week, as `past_touches` has it; sorted by account and arm."""
    arms = options.select("account_id", "as_of_on", "arm_no", *ARM)
    rows = arms.join(known.drop(_HIDDEN, strict=False), on=list(KEY), how="inner")
    return _with_arm(rows, reasons, offers).sort("account_id", "arm_no")


def play_family(play_id: str) -> pl.Expr:
    """Family of the reason that the play in column `play_id` answers; 'unknown' for asking and for no play."""
    codes = {name: code or "unknown" for name, code in _plays().iter_rows()}
    return pl.col(play_id).replace_strict(codes, default="unknown", return_dtype=pl.String).str.extract(r"^(unknown|.)")


def features_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns a model reads beside `UNTOUCHED`, of `past_touches` or `option_rows`."""
    return rows.select(name for name in FEATURES if name in rows.columns)


def _with_arm(rows: pl.DataFrame, reasons: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Reason, play and offer as features. Sizes of an offer are against the last year with the account."""
    rows = rows.join(reasons.select(*KEY, *REASON_COLUMNS), on=list(KEY), how="left")
    rows = rows.join(_plays(), on="play_id", how="left").join(_offers(offers), on="offer_id", how="left")
    code = pl.coalesce(pl.when(~pl.col("is_abstained")).then("likeliest_code"), "play_code", "likeliest_code")
    fits = pl.col("offer_codes").str.split(";").list.contains(code).fill_null(False)
    return rows.with_columns(
        likeliest_code=pl.col("likeliest_code").fill_null("unknown"),
        likeliest_family=pl.col("likeliest_code").str.slice(0, 1).fill_null("unknown"),
        reason_family=code.str.slice(0, 1).fill_null("unknown"),
        reason_tier=pl.col("reason_tier").fill_null("4"),
        is_asking=pl.col("play_code").is_null(),
        play_channel=pl.col("play_channel").fill_null("unknown"),
        offer_kind=pl.when(pl.col("offer_id").is_null())
        .then(pl.lit(NO_OFFER))
        .otherwise(pl.col("offer_kind").fill_null("other")),
        has_offer=pl.col("offer_id").is_not_null(),
        is_price_offer=pl.col("offer_kind").is_in(PRICE_KINDS).fill_null(False),
        offer_amount_share=(pl.col("offer_amount") / pl.max_horizontal("year_amount", 1.0)).clip(0, 1).fill_null(0.0),
        offer_discount_share=pl.col("offer_discount_share").fill_null(0.0),
        is_reason_matched=fits & pl.col("offer_id").is_not_null(),
    ).drop("play_code", "offer_codes", "offer_amount")


def _plays() -> pl.DataFrame:
    codes = {play.id if play.code is None else f"{play.code}_{play.id}": play.code for play in load_plays().values()}
    codes |= {play.id: play.code for play in load_plays().values()}
    return pl.DataFrame(
        {"play_id": list(codes), "play_code": list(codes.values())}, schema_overrides={"play_code": pl.String}
    )


def _offers(offers: pl.DataFrame) -> pl.DataFrame:
    """The newest version of each offer: kind and sizes name what was offered, and versions differ in texts and budgets."""
    newest = offers.sort("offer_id", "valid_from_on", nulls_last=False).unique("offer_id", keep="last", maintain_order=True)
    return newest.select(
        "offer_id",
        offer_kind="kind",
        offer_codes="reason_codes",
        offer_amount=pl.col("amount").cast(pl.Float64),
        offer_discount_share=pl.col("discount_share").cast(pl.Float64),
    )
