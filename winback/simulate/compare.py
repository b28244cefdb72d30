"""A spend log in figures that simulated and real logs have in common.

Belongs here: gaps, spend, lapses and returns of any log of purchases, as quantiles to be set side by side, and the curves
behind them. Does not belong here: where a log comes from, or drawing (`pictures`). The lapse used here is a plain silence of
fixed length, so that the same yardstick fits every log; it is not the product's lapse.
"""

from __future__ import annotations

import polars as pl

QUANTILES = (0.1, 0.5, 0.9)
CURVE_DAYS = (28, 56, 112, 182)


def purchase_days(spend: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day with a positive sum: account_id, spent_on, amount, gap_days (to the account's purchase
    day before; null for its first), next_gap_days (null for its last).

    `spend` has account_id, spent_on (date) and amount (refunds already taken off or left out).
    """
    return (
        spend.group_by("account_id", "spent_on")
        .agg(pl.col("amount").cast(pl.Float64).sum())
        .filter(pl.col("amount") > 0)
        .sort("account_id", "spent_on")
        .with_columns(
            gap_days=(pl.col("spent_on") - pl.col("spent_on").shift().over("account_id")).dt.total_days(),
            next_gap_days=(pl.col("spent_on").shift(-1).over("account_id") - pl.col("spent_on")).dt.total_days(),
        )
    )


def lapses_by_silence(spend: pl.DataFrame, *, silence_days: int = 90, follow_days: int = 182) -> pl.DataFrame:
    """Silences longer than `silence_days` that can be followed for `follow_days` within the log.

    Columns: account_id, lapsed_on (last purchase day plus `silence_days`), return_days (from the lapse to the next purchase;
    null if none came within `follow_days`).
    """
    days = purchase_days(spend)
    end = days["spent_on"].max()
    lapsed_on = pl.col("spent_on") + pl.duration(days=silence_days)
    waited = pl.col("next_gap_days") - silence_days
    return (
        days.with_columns(lapsed_on=lapsed_on)
        .filter(
            (pl.col("lapsed_on") + pl.duration(days=follow_days) <= pl.lit(end))
            & (pl.col("next_gap_days").is_null() | (pl.col("next_gap_days") > silence_days))
        )
        .select(
            "account_id",
            "lapsed_on",
            return_days=pl.when(waited <= follow_days).then(waited),
        )
    )


def return_curve(lapses: pl.DataFrame, *, follow_days: int = 182, step_days: int = 7) -> pl.DataFrame:
    """Share of lapses that have returned by each day: columns days, returned_share."""
    days = list(range(0, follow_days + 1, step_days))
    n = max(lapses.height, 1)
    waited = lapses["return_days"]
    return pl.DataFrame({"days": days, "returned_share": [(waited <= d).sum() / n for d in days]})


def log_quantiles(spend: pl.DataFrame, *, silence_days: int = 90, follow_days: int = 182) -> pl.DataFrame:
    """The log's quantities as 10, 50 and 90 % quantiles: columns quantity, unit, q10, q50, q90, n.

    Gaps are over gaps, spend and purchase days over accounts; spend_ratio is spend per account over the median account's,
    since currencies differ. Shares of lapses that end in a return are over the months in which lapses fell.
    """
    days = purchase_days(spend)
    accounts = days.group_by("account_id").agg(pl.col("amount").sum(), pl.len().alias("n"))
    lapses = lapses_by_silence(spend, silence_days=silence_days, follow_days=follow_days)
    waited = pl.col("return_days")
    months = lapses.group_by(pl.col("lapsed_on").dt.truncate("1mo").alias("month")).agg(
        pl.len().alias("n"),
        (waited.is_not_null()).mean().alias("ever"),
        *((waited <= d).fill_null(False).mean().alias(f"by_{d}") for d in CURVE_DAYS),
    )
    months = months.filter(pl.col("n") >= 20)
    median = accounts["amount"].median()
    ratio = accounts["amount"] / (median if isinstance(median, float) and median > 0 else 1.0)
    rows = [
        _row("gap", "days", days["gap_days"].drop_nulls()),
        _row("spend per account", "currency", accounts["amount"]),
        _row("spend per account over the median", "ratio", ratio),
        _row("purchase days per account", "count", accounts["n"]),
        _row(f"lapses returned within {follow_days} days, by month", "share", months["ever"]),
        *(_row(f"lapses returned within {d} days, by month", "share", months[f"by_{d}"]) for d in CURVE_DAYS[:-1]),
        _row("days from lapse to return", "days", lapses["return_days"].drop_nulls()),
    ]
    return pl.DataFrame(rows, schema=["quantity", "unit", "q10", "q50", "q90", "n"], orient="row")


def side_by_side(logs: dict[str, pl.DataFrame], *, silence_days: int = 90, follow_days: int = 182) -> pl.DataFrame:
    """`log_quantiles` of several logs, one row per quantity and log: columns log, quantity, unit, q10, q50, q90, n."""
    return pl.concat(
        log_quantiles(spend, silence_days=silence_days, follow_days=follow_days).select(pl.lit(name).alias("log"), pl.all())
        for name, spend in logs.items()
    )


def counted_spend(spend: pl.DataFrame) -> pl.DataFrame:
    """The lines of an input `spend` table that count as purchases: paid, of kind purchase or subscription."""
    counted = pl.col("kind").is_in(["purchase", "subscription"])
    unpaid = pl.col("due_on").is_not_null() & pl.col("paid_on").is_null()
    return spend.filter(counted & ~unpaid).select("account_id", "spent_on", "amount")


def _row(quantity: str, unit: str, values: pl.Series) -> tuple[str, str, float | None, float | None, float | None, int]:
    low, middle, high = (values.quantile(q) for q in QUANTILES)
    return quantity, unit, low, middle, high, len(values)
