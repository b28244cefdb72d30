"""Pictures of survival.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from winback.survival.assumption_calibration import CALIBRATION
from winback.survival.return_model import ReturnModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    return png_of(figure)


def calibration_picture(model: ReturnModel) -> bytes:
    """Chances stated on later landmarks beside what came of them, in bins of equally many rows with 95 % intervals, as PNG.

    `model` has been judged (`calibration` is not empty).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    bins = model.calibration
    share = np.array([b.returned_share for b in bins])
    reach = np.array([[b.returned_share - b.low_share for b in bins], [b.high_share - b.returned_share for b in bins]])
    axes.errorbar([b.mean_prob for b in bins], share, yerr=np.maximum(reach, 0), fmt="o", capsize=3, markersize=4)
    most = min(1.0, 1.05 * max(*(b.mean_prob for b in bins), *(b.high_share for b in bins)))
    axes.plot([0, most], [0, most], color="grey", linewidth=1, linestyle="--")
    axes.set(xlabel=f"stated chance of a return within {model.horizon_days} days", ylabel="share that returned")
    axes.set(xlim=(0, most), ylim=(0, most))
    finding = next(f for f in model.findings if f.assumption == CALIBRATION)
    figures = finding.figures or {}
    mean = f"mean stated {figures['mean_prob']:.3f}, returned {figures['returned_share']:.3f}, slope {figures['slope']:.2f}"
    how = "other accounts on later landmarks" if model.verdict.is_overlapping else "out of time"
    axes.set_title(f"{model.level}, {finding.n_rows:,} rows {how}, before season\n{mean}", fontsize=9)
    return png_of(figure)


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
    return png_of(figure)


def png_of(figure: Figure) -> bytes:
    """The figure as PNG, without a software stamp: the same figures give the same bytes."""
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
