"""Pictures of an evaluation.

Belongs here: figures as PNG bytes for people. Does not belong here: the numbers behind them (`returns`).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from winback.evaluation.report import ReturnReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def report_pictures(report: ReturnReport) -> dict[str, bytes]:
    """PNG images by title: gains, calibration of every model, Brier score over as-of dates."""
    return {
        "Gains: share of all returns among the accounts ranked first": _picture(lambda axes: _gains(axes, report)),
        "Calibration: share that returned by stated chance": _picture(lambda axes: _calibration(axes, report)),
        "Brier score by as-of date (lower is better)": _picture(lambda axes: _brier(axes, report)),
    }


def _picture(draw: Callable[[Axes], None]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw(axes)
    for text in axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5)).get_texts():
        text.set_parse_math(False)
    image = io.BytesIO()
    # no software stamp: the same figures give the same bytes
    figure.savefig(image, format="png", dpi=90, metadata={"Software": None})
    return image.getvalue()


def _label(model: str) -> str:
    """A model's name in letters that every font has; a leading blank keeps an underscore from hiding it."""
    name = model.encode("ascii", "replace").decode()
    return f" {name}" if name.startswith("_") else name


def _width(report: ReturnReport, model: str) -> float:
    return 2.5 if model == report.champion else 1.2


def _gains(axes: Axes, report: ReturnReport) -> None:
    for model, gains in report.gains.items():
        shares = [step / (len(gains) - 1) for step in range(len(gains))]
        axes.plot(shares, gains, label=_label(model), linewidth=_width(report, model))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="by lot")
    axes.set(xlabel="share of lapsed accounts, likeliest first", ylabel="share of all returns", xlim=(0, 1), ylim=(0, 1))


def _calibration(axes: Axes, report: ReturnReport) -> None:
    for model, bins in report.calibration.items():
        said, seen = [b.mean_prob for b in bins], [b.returned_share for b in bins]
        axes.plot(said, seen, marker="o", markersize=4, label=_label(model), linewidth=_width(report, model))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    axes.set(xlabel="mean stated chance of the bin", ylabel="share that returned", xlim=(0, 1), ylim=(0, 1))


def _brier(axes: Axes, report: ReturnReport) -> None:
    days = [figures.as_of_on for figures in report.by_as_of]
    for model in report.models:
        scores = np.array([figures.metrics[model]["brier"] for figures in report.by_as_of], dtype=float)
        axes.plot(days, scores, marker="o", markersize=4, label=_label(model), linewidth=_width(report, model))
    axes.set(xlabel="as-of date", ylabel="Brier score")
    axes.tick_params(axis="x", rotation=30)
