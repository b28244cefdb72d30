"""What a model's page says of its champion and its challengers, and a score's page of its figures.

Belongs here: promotion in words, and figures under keys that stay the same every week, so that Dagster plots them. Does not belong
here: judging models (`winback.survival`, `winback.propensity`, `winback.uplift`).
"""

from __future__ import annotations

from typing import Any

import dagster as dg
import polars as pl

from assets.metadata import markdown_table

FIGURES = {
    "integrated_brier": "integrated Brier score (less is better)",
    "brier": "Brier score (less is better)",
    "log_loss": "log loss (less is better)",
    "roc_auc": "ROC AUC",
    "concordance": "concordance",
    "ece": "calibration error (less is better)",
    "qini": "Qini",
    "policy_gain_share": "gain of the policy",
}
"""Columns of `model_*` tables that are plotted for each family that was judged."""

_SIZES = {
    "n_rows": "training rows",
    "n_returned": "training returns",
    "n_lapsed": "training lapses",
    "n_lifetimes": "training lifetimes",
    "n_ended": "training lifetimes ended",
    "n_contacted": "training contacts",
    "n_held_back": "training held back",
}
_TOLD = ("level_reason", "uplift_status")
_DIGITS = 4


def promotion(trials: pl.DataFrame) -> dict[str, Any]:
    """Who is the champion and why, beside whom, and every judged family's figures.

    `trials` are rows of a `model_*` table: one per `family` (or `learner`), at most one of them the champion. Numbers are under
    `champion: <figure>` and `<family>: <figure>`; what was not judged is left out of them, and named with its reason in the table.
    """
    name = _name(trials)
    first = [figure for figure in FIGURES if figure in trials.columns][:1]
    ordered = trials.sort("is_champion", *first, name, descending=[True] + [False] * (len(first) + 1), nulls_last=True)
    leader = ordered.head(1)
    return {
        **champion(trials),
        "why": leader["level_reason"][0],
        "champion and challengers": dg.MetadataValue.md(markdown_table(_shown(ordered, name))),
        **{words: int(leader[column][0]) for column, words in _SIZES.items() if column in leader.columns},
        **{key: value for row in ordered.iter_rows(named=True) for key, value in _figures(row, row[name]).items()},
    }


def champion(trials: pl.DataFrame) -> dict[str, Any]:
    """Who is the champion, with its figures: what the page of its scores says of the model behind them."""
    rows = trials.filter("is_champion").rows(named=True)
    if not rows:
        return {"champion": "none yet: a simpler rule stands in"}
    return {"champion": rows[0][_name(trials)], **_figures(rows[0], "champion")}


def _name(trials: pl.DataFrame) -> str:
    return "family" if "family" in trials.columns else "learner"


def _figures(row: dict[str, Any], who: str) -> dict[str, float]:
    return {
        f"{who}: {words}": round(float(row[column]), _DIGITS)
        for column, words in FIGURES.items()
        if row.get(column) is not None
    }


def _shown(trials: pl.DataFrame, name: str) -> pl.DataFrame:
    """The columns that say something, floats cut to four digits, the champion marked."""
    figures = [c for c in trials.columns if trials[c].dtype == pl.Float64 and trials[c].null_count() < trials.height]
    told = [c for c in _TOLD if c in trials.columns]
    return trials.select(
        pl.when("is_champion").then(pl.lit("champion")).otherwise(pl.lit("challenger")).alias("role"),
        pl.col(name),
        *(pl.col(c).round(_DIGITS) for c in figures),
        *told,
    )
