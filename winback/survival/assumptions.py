"""What the model of time to return assumes, whether it holds, and what to do where it does not.

Belongs here: findings, the order in which they are made, and their words (`assumptions.yaml`). Does not belong here: each check
(`assumption_hazards`, `assumption_columns`, `assumption_calibration`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict

NO_MODEL = "There is no model to check: this week's chances are Kaplan-Meier curves by cycle group."


class AssumptionText(BaseModel):
    """Words of one assumption: what is checked, what the statistic is, advice, its figures, one line per column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checks: str
    statistic: str
    held: str
    broken: str
    figures: str = ""
    column: str = ""


@dataclass(frozen=True)
class Culprit:
    """A column that breaks an assumption, and by how much; `figures` fill the line of `assumptions.yaml`."""

    column: str
    figures: Mapping[str, float | str]

    def told(self, line: str) -> str:
        """The column and its figures in words."""
        return f"{self.column}: {line.format(**self.figures)}"


@dataclass(frozen=True)
class Finding:
    """What was found on one assumption.

    `statistic` beyond `threshold` means it does not hold; None where nothing was judged, and `why_not_judged` says why.
    `culprits` are the columns that break it, the worst first; `figures` are further numbers by name.
    """

    assumption: str
    is_held: bool
    statistic: float | None
    threshold: float
    n_rows: int
    culprits: tuple[Culprit, ...] = ()
    figures: Mapping[str, float] | None = None
    why_not_judged: str | None = None

    @property
    def advice(self) -> str:
        """What it means for the numbers on the list, and what to do."""
        if self.why_not_judged:
            return f"Not judged: {self.why_not_judged}."
        text = assumption_texts()[self.assumption]
        figures = text.figures.format(**(self.figures or {}))
        return " ".join(filter(None, (figures, text.held if self.is_held else text.broken)))

    @property
    def told(self) -> str:
        """The advice, and the columns concerned by name."""
        names = ", ".join(culprit.column for culprit in self.culprits)
        return f"{self.advice} Columns: {names}." if names else self.advice

    @property
    def culprits_told(self) -> list[str]:
        """One line per column that breaks it."""
        line = assumption_texts()[self.assumption].column
        return [culprit.told(line) for culprit in self.culprits]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `dataclasses.asdict`."""
        return cls(**{**data, "culprits": tuple(Culprit(**c) for c in data["culprits"])})


def not_judged(assumption: str, threshold: float, why: str) -> Finding:
    """A finding that could not be made; it holds until shown otherwise."""
    return Finding(assumption, True, None, threshold, 0, why_not_judged=why)


@functools.cache
def assumption_texts() -> dict[str, AssumptionText]:
    """Words by assumption, in the order in which they are told."""
    text = (resources.files("winback.survival") / "assumptions.yaml").read_text("utf-8")
    return {slug: AssumptionText.model_validate(data) for slug, data in yaml.safe_load(text).items()}


def findings_table(findings: tuple[Finding, ...]) -> pl.DataFrame:
    """One row per assumption: `assumption`, `is_held`, `statistic`, `threshold`, `n_rows`, `columns`, `advice`."""
    rows = [
        (f.assumption, f.is_held, f.statistic, f.threshold, f.n_rows, ", ".join(c.column for c in f.culprits), f.advice)
        for f in findings
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA = {
    "assumption": pl.String, "is_held": pl.Boolean, "statistic": pl.Float64, "threshold": pl.Float64, "n_rows": pl.Int64,
    "columns": pl.String, "advice": pl.String,
}  # fmt: skip
