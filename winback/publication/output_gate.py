"""The output gate: whether a computed week may go out.

Belongs here: what the rules and bands found, in one table and in words. Does not belong here: the rules
(`winback.publication.output_rules`), the bands (`winback.publication.output_bands`), or what happens when the gate stays shut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from winback.config import Settings
from winback.privacy.suppression import Suppression
from winback.publication.output_bands import Comparison, compare_figures, last_published
from winback.publication.output_rules import Breach, breaches

_SCHEMA = {
    "week_on": pl.Date,
    "gate_rule": pl.String,
    "group_name": pl.String,
    "rule_kind": pl.String,
    "is_held": pl.Boolean,
    "n_broken": pl.Int64,
    "last_week_on": pl.Date,
    "last_number": pl.Float64,
    "value_number": pl.Float64,
    "low_number": pl.Float64,
    "high_number": pl.Float64,
    "finding": pl.String,
}
_MOST_IN_WORDS = 5


@dataclass(frozen=True)
class OutputVerdict:
    """What the gate found: rules with the rows that break them, and figures beside those of the week published before.

    `last_week_on` is missing where no earlier published week has its figures on record.
    """

    week_on: date
    last_week_on: date | None
    rules: tuple[Breach, ...]
    figures: tuple[Comparison, ...]

    @property
    def broken(self) -> list[Breach]:
        """Rules that are broken, which nobody may accept."""
        return [rule for rule in self.rules if rule.rows.height]

    @property
    def drifted(self) -> list[Comparison]:
        """Figures outside their bands, which an operator may accept with a reason."""
        return [figure for figure in self.figures if not figure.is_held]


def inspect_output(
    con: duckdb.DuckDBPyConnection, week_on: date, settings: Settings, suppression: Suppression | None
) -> OutputVerdict:
    """Judge the computed week in the warehouse, with `out_figures` made for it."""
    parameters = {"default_weekly_minutes": settings.plan.default_weekly_minutes}
    last_week = last_published(con, week_on)
    figures = compare_figures(con, last_week, week_on, settings.output_gate)
    return OutputVerdict(
        week_on, last_week[0] if last_week else None, tuple(breaches(con, parameters, suppression)), tuple(figures)
    )


def verdict_rows(verdict: OutputVerdict) -> pl.DataFrame:
    """Rows of `out_gate`: every rule and every figure compared."""
    rules = [
        (verdict.week_on, r.name, "all", "rule", not r.rows.height, r.rows.height, None, None, None, None, None, r.words)
        for r in verdict.rules
    ]
    figures = [
        (
            verdict.week_on,
            f.band.figure,
            f.group_name,
            "band",
            f.is_held,
            None,
            None if f.band.usual else verdict.last_week_on,
            f.last,
            f.value,
            f.low,
            None if f.high == float("inf") else f.high,
            f.label,
        )
        for f in verdict.figures
    ]
    return pl.DataFrame(rules + figures, schema=_SCHEMA, orient="row").sort("gate_rule", "group_name")


def broken_words(rule: Breach) -> str:
    """A broken rule in one sentence; no ids, since the ledger keeps it."""
    return f"{rule.name}: {rule.rows.height:,} row(s) break the rule '{rule.words}'"


def drift_words(figure: Comparison, last_week_on: date | None) -> str:
    """A figure outside its band in one sentence: the two figures, the band, and what to do."""
    last, now, low, high = (_number(figure, x) for x in (figure.last, figure.value, figure.low, figure.high))
    if figure.band.kind == "level":
        seen = f"{now} (at most {high} was expected)"
    else:
        before = "in the eight weeks before" if figure.band.usual else f"in the week of {last_week_on}"
        seen = f"{now}, after {last} {before} ({low} to {high} was expected)"
    return f"{figure.label}: {seen}; {figure.band.advice.format(group=figure.group_name)}"


def withheld_reason(verdict: OutputVerdict) -> str:
    """Why the week is withheld, for the ledger and the terminal."""
    hard = [broken_words(rule) for rule in verdict.broken]
    soft = [drift_words(figure, verdict.last_week_on) for figure in verdict.drifted]
    if hard:
        hard.append(
            "no reason can accept this: keep the workspace as it is, and see the page of out_gate in the web UI for the rows"
        )
    return "; ".join(_shortened(hard) + _shortened(soft))


def _shortened(sentences: Sequence[str]) -> list[str]:
    rest = len(sentences) - _MOST_IN_WORDS
    return [*sentences[:_MOST_IN_WORDS], *([f"and {rest} more on the page of out_gate"] if rest > 0 else [])]


def _number(figure: Comparison, value: float) -> str:
    if figure.band.kind in ("share", "part", "level"):
        return f"{value:.1%}"
    return "any number" if value == float("inf") else f"{value:,.0f}"
