"""Pictures of reasons and of the labeller.

Belongs here: figures as PNG bytes for people. Does not belong here: estimates.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl

from winback.reasons.taxonomy import FAMILY_CODES, load_taxonomy


def mix_picture(mix: pl.DataFrame) -> bytes:
    """Share of each family among all lapsed accounts per week, with the case's share beside it, as PNG.

    `mix` has the columns of `track_reason_mix`.
    """
    figure, axes = _figure(8, 4)
    rows = mix.filter((pl.col("business_kind") == "*") & pl.col("reason_code").is_in(list(FAMILY_CODES)))
    newest = rows.filter(pl.col("week_on") == rows["week_on"].max()).sort("reason_code")
    at = np.arange(newest.height)
    share = newest["estimated_share"].to_numpy()
    error = np.abs(np.stack([share - newest["low_share"].to_numpy(), newest["high_share"].to_numpy() - share]))
    axes.bar(at - 0.2, share, 0.4, yerr=error, capsize=3, label="here (95 % of sampling)")
    case = newest["case_share"].cast(pl.Float64).to_numpy()
    axes.bar(at + 0.2, np.nan_to_num(case), 0.4, color="0.8", label="search-advertising case (4 to 7 together 0.15)")
    axes.set_xticks(at, [f"{c}\n{load_taxonomy().reason(c).name_en}" for c in newest["reason_code"]], fontsize=6)
    axes.set(ylabel="share of lapsed accounts", ylim=(0, None))
    axes.legend(fontsize=8)
    return _png(figure)


def mix_history_picture(mix: pl.DataFrame) -> bytes:
    """Share of each family over the weeks, as PNG."""
    figure, axes = _figure(8, 3.5)
    rows = mix.filter((pl.col("business_kind") == "*") & pl.col("reason_code").is_in(list(FAMILY_CODES)))
    for (code,), line in rows.sort("week_on").partition_by("reason_code", as_dict=True, maintain_order=True).items():
        axes.plot(line["week_on"].to_list(), line["estimated_share"], marker="o", markersize=3, label=str(code))
    axes.set(ylabel="share of lapsed accounts", ylim=(0, None))
    axes.legend(fontsize=8, ncols=7)
    figure.autofmt_xdate()
    return _png(figure)


def reliability_picture(report: dict[str, Any]) -> bytes:
    """Share right over confidence of the note labeller on writers it never saw, as PNG. `report` as in `load_report`."""
    figure, axes = _figure(4.5, 4.5)
    bins = [b for b in report["reliability"] if b["n"]]
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.plot([b["mean_confidence"] for b in bins], [b["share_right"] for b in bins], marker="o")
    for b in bins:
        axes.annotate(
            f"{b['n']}", (b["mean_confidence"], b["share_right"]), fontsize=7, xytext=(4, -8), textcoords="offset points"
        )
    axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"Note labeller, unseen writers; calibration error {report['calibration_error']:.3f}", fontsize=9)
    return _png(figure)


def confusion_picture(report: dict[str, Any]) -> bytes:
    """Which code is taken for which, on writers the labeller never saw, as PNG; rows are the true codes."""
    figure, axes = _figure(6, 5.5)
    counts = np.array(report["confusion"], float)
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts.astype(int)):
        for j, n in enumerate(row):
            if n:
                axes.text(j, i, n, ha="center", va="center", fontsize=6, color="white" if i == j else "black")
    axes.set_xticks(range(len(counts)), report["codes"], fontsize=7)
    axes.set_yticks(range(len(counts)), report["codes"], fontsize=7)
    axes.set(xlabel="labelled", ylabel="true")
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _png(figure: Any) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=90, metadata={"Software": None})
    return target.getvalue()
