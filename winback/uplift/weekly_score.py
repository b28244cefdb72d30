"""What a contact changes for each option of the week, and what that rests on.

Belongs here: rows of `score_uplift`, the ladder of statuses. Does not belong here: learning (`weekly_model`), the plan.

The ladder: `experimental` where lots with logged chances pass their gate; `prior_only` where chances were logged but too few rows
are settled; `observational` where contacts exist and no chance was ever logged; `none` without any settled contact. Touched minus
untouched is an observational figure whatever it is compared with: it is never called experimental.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from winback.uplift.experiment import Vector
from winback.uplift.family_rates import ANY
from winback.uplift.weekly_model import UpliftModel

EXPERIMENTAL, OBSERVATIONAL, PRIOR_ONLY, NONE = "experimental", "observational", "prior_only", "none"

_DIGITS = 6
_KEY = ("account_id", "as_of_on", "play_id", "offer_id")
_COLUMNS = (
    *_KEY, "horizon_days", "uplift_share", "uplift_low_share", "uplift_high_share", "uplift_status", "model_level",
)  # fmt: skip


@dataclass(frozen=True)
class UpliftEvidence:
    """What there is to go by. `rates` as `family_rates.family_rates` has them; `has_chances`: whether any was logged; `held`: rate
    of return of those held back by lot and half the width of its 80 % interval, None without any.
    """

    model: UpliftModel | None
    rates: pl.DataFrame
    has_chances: bool
    held: tuple[float, float] | None = None

    @property
    def status(self) -> str:
        """Word of `uplift_status`, the same for every row of a week."""
        if self.model is not None:
            return EXPERIMENTAL
        if self.rates.is_empty():
            return NONE
        return PRIOR_ONLY if self.has_chances else OBSERVATIONAL


def score_uplift(options: pl.DataFrame, evidence: UpliftEvidence, horizon_days: int) -> pl.DataFrame:
    """Rows of `score_uplift`, one per option, sorted by account and arm.

    `options`: account_id, as_of_on, arm_no, play_id, offer_id; reason_family of the play; untouched_prob (null where there is no
    score) and, where a propensity model exists, touched_prob, touched_low, touched_high, touched_level; with an uplift model also
    its features and, where it tells arms apart, ARM_FEATURES.
    """
    options = options.sort("account_id", "arm_no")
    match evidence.status:
        case "experimental":
            assert evidence.model is not None
            value, low, high = _learned(options, evidence.model)
            scored = _with(options, pl.Series(value), pl.Series(low), pl.Series(high), "uplift")
        case "none":
            nothing = pl.Series([None] * options.height, dtype=pl.Float64)
            scored = _with(options, nothing, nothing, nothing, "prior")
        case "observational" if options["touched_prob"].null_count() < options.height:
            scored = _touched_less_untouched(options)
        case _:
            scored = _by_family(options, evidence.rates, evidence.held)
    return scored.with_columns(
        horizon_days=pl.lit(horizon_days, dtype=pl.Int64), uplift_status=pl.lit(evidence.status)
    ).select(_COLUMNS)


def _learned(options: pl.DataFrame, model: UpliftModel) -> tuple[Vector, Vector, Vector]:
    """The account's uplift with its interval, moved to the option's arm where arms are told apart."""
    own = model.effects(options)
    if model.arms is None:
        return own
    untouched = options["untouched_prob"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return model.arms.moved(options, untouched, own)


def _with(options: pl.DataFrame, value: pl.Series, low: pl.Series, high: pl.Series, level: str) -> pl.DataFrame:
    return options.with_columns(
        uplift_share=value.round(_DIGITS),
        uplift_low_share=low.round(_DIGITS),
        uplift_high_share=high.round(_DIGITS),
        model_level=pl.lit(level),
    )


def _touched_less_untouched(options: pl.DataFrame) -> pl.DataFrame:
    """The difference of two models, flagged observational; its interval adds theirs in squares, as if they erred apart."""
    value = pl.col("touched_prob") - pl.col("untouched_prob")
    below = (pl.col("touched_prob") - pl.col("touched_low")).pow(2) + (
        pl.col("untouched_high") - pl.col("untouched_prob")
    ).pow(2)
    above = (pl.col("touched_high") - pl.col("touched_prob")).pow(2) + (
        pl.col("untouched_prob") - pl.col("untouched_low")
    ).pow(2)
    return options.with_columns(
        uplift_share=value.round(_DIGITS),
        uplift_low_share=(value - below.sqrt()).clip(-1, 1).round(_DIGITS),
        uplift_high_share=(value + above.sqrt()).clip(-1, 1).round(_DIGITS),
        model_level=pl.col("touched_level").fill_null("prior"),
    )


def _by_family(options: pl.DataFrame, rates: pl.DataFrame, held: tuple[float, float] | None) -> pl.DataFrame:
    """The family's shrunk rate of return less that of those held back by the same lot. No figure where nobody was: rates after
    contacts of the past and this week's chances if left alone are of other accounts."""
    known = options.with_columns(
        reason_family=pl.when(pl.col("reason_family").is_in(rates["reason_family"].implode()))
        .then("reason_family")
        .otherwise(pl.lit(ANY))
    ).join(rates, on="reason_family", how="left", maintain_order="left")
    rate, reach = (None, None) if held is None else held
    value = pl.col("rate") - pl.lit(rate, dtype=pl.Float64)
    low, high = (
        value + sign * ((pl.col(end) - pl.col("rate")).pow(2) + pl.lit(reach, dtype=pl.Float64) ** 2).sqrt()
        for sign, end in ((-1, "low"), (1, "high"))
    )
    found = known.select(value=value, low=low, high=high)
    return _with(known, found["value"], found["low"], found["high"], "prior")
