"""Pictures of survival.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io

import polars as pl


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
