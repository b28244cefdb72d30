"""Pictures of survival.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io
from datetime import date

import polars as pl

MIN_AT_RISK = 30
"""Fewest accounts still away for which a week's share is drawn."""


def return_chance_picture(table: pl.DataFrame, horizon_days: int) -> bytes:
    """P(return within the horizon) over days of silence, one line per cycle group with its 80 % band, as PNG.

    `table` has the columns of `model_return_time`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    rows = table.filter(pl.col("horizon_days") == horizon_days).sort("cycle_group", "silence_days")
    for (group,), line in rows.partition_by("cycle_group", as_dict=True).items():
        (drawn,) = axes.plot(
            line["silence_days"], line["prob"], label=f"{group} days" if group != "single" else "one purchase"
        )
        axes.fill_between(line["silence_days"], line["low"], line["high"], alpha=0.15, color=drawn.get_color())
    axes.set(xlabel="days of silence", ylabel=f"chance of a purchase within {horizon_days} days", ylim=(0, 1))
    axes.set_title("Kaplan-Meier chance of return by own purchase cycle (80 % band)", fontsize=10)
    if rows.height:
        axes.legend(fontsize=8)
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()


def return_hazard_picture(spells: pl.DataFrame, as_of_on: date) -> bytes:
    """Returns a week among the accounts still away, over weeks since the lapse (up to a year), as PNG.

    `spells` are lapsed rows of `core_spells`; weeks with fewer than 30 accounts at risk are left out.
    """
    from matplotlib.figure import Figure

    ended = pl.col("ended_on").fill_null(as_of_on)
    weeks = spells.select(
        week=((ended - pl.col("started_on")).dt.total_days() // 7).clip(lower_bound=0),
        is_return=pl.col("end_cause") == "return",
    )
    counted = weeks.group_by("week").agg(n=pl.len(), n_returned=pl.col("is_return").sum()).sort("week")
    counted = counted.with_columns(at_risk=pl.col("n").cum_sum(reverse=True)).filter(
        (pl.col("at_risk") >= MIN_AT_RISK) & (pl.col("week") < 52)
    )
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.bar(counted["week"], counted["n_returned"] / counted["at_risk"])
    axes.set(xlabel="weeks since the lapse", ylabel="share of those away that return in the week")
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
