"""Bands in which a week's figures should lie, beside the week published before or what is usual.

Belongs here: which figures have bands, how wide these are, and which figures lie outside. Does not belong here: the figures
(`sql/out/out_figures.sql`), rules that nobody may break (`winback.publication.output_rules`).

A figure may always move by what chance alone does, `chance_width` standard errors of the change between two samples of its size, or
by its own setting if that is more. Where weeks lie between, both are taken as often as there are weeks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from winback.config import OutputGateSettings

Kind = Literal["stock", "flow", "share", "part", "amount", "level"]
Sample = tuple[float, int]
"""A figure and the number of rows that it rests on."""


@dataclass(frozen=True)
class Band:
    """A figure's band: what it is in words, how it is measured, and what to look at where the figure lies outside.

    `kind`: stock (may grow or shrink by a share of itself, and chance counts for nothing, since mostly the same accounts are in it
    again), flow (by a share of itself), share (by so much of the whole), part (a group's share of the whole, by a share of itself),
    amount (by a factor of one plus the setting, up or down), level (no more than the setting itself).
    """

    figure: str
    kind: Kind
    setting: str
    words: str
    advice: str
    usual: str | None = None
    """The figure of this week that tells what is usual, where it is not the last week's."""


BANDS = (
    Band(
        "n_lapsed",
        "stock",
        "max_lapsed_change",
        "lapsed accounts",
        "see whether spend is missing or [lapse] was changed",
    ),
    Band(
        "n_newly_lapsed",
        "flow",
        "max_newly_lapsed_change",
        "lapsed accounts that are new",
        "see whether the spend of the last weeks came whole",
    ),
    Band(
        "barred_share",
        "share",
        "max_barred_change",
        "lapsed accounts that may not or cannot be contacted",
        "see the causes in not_this_week.csv, and whether consent, wishes and reps came as usual",
    ),
    Band(
        "plan_fill_share",
        "share",
        "max_fill_change",
        "accounts chosen of those that could be, or minutes used of those there are",
        "see the minutes of representatives, plays, offers and net values",
    ),
    Band(
        "vanished_share",
        "level",
        "max_vanished_share",
        "accounts of the last list that are neither lapsed nor back",
        "see whether their spend or they themselves were delivered otherwise than before",
    ),
    Band(
        "mean_return_prob",
        "share",
        "max_return_prob_change",
        "mean chance of return untouched",
        "see the page of model_return_time: level, training window, assumptions",
    ),
    Band(
        "value_at_stake",
        "amount",
        "max_value_change",
        "value at stake",
        "see whether amounts or currencies of spend changed, and the largest accounts",
    ),
    Band(
        "lapsed_year_spend",
        "amount",
        "max_value_change",
        "a year's spend of the lapsed accounts",
        "see whether amounts or currencies of spend changed, and the largest accounts",
    ),
    Band(
        "mean_net_value",
        "amount",
        "max_net_value_change",
        "mean net value of a listed play",
        "see costs of offers, margin_share, and the page of score_net_value",
    ),
    Band(
        "unknown_reason_share",
        "share",
        "max_unknown_reason_change",
        "lapsed accounts whose reason is unknown",
        "see whether notes were delivered and which labeller read them (score_reasons)",
    ),
    Band(
        "reason_family_share",
        "share",
        "max_reason_family_change",
        "lapsed accounts with a likeliest reason of family {group}",
        "see track_reason_mix, and whether notes or usage came as usual",
    ),
    Band(
        "rep_share",
        "part",
        "max_rep_change",
        "lapsed accounts of representative {group}",
        "see whether the accounts of {group} were delivered, or are with somebody else now",
    ),
    Band(
        "region_purchase_share",
        "part",
        "max_region_change",
        "purchase days of the last seven days from region {group}",
        "see whether the spend of {group} came whole",
        usual="usual_region_share",
    ),
)


@dataclass(frozen=True)
class Comparison:
    """One figure of this week beside the last published week's, and the band it should lie in."""

    band: Band
    group_name: str
    last: float
    value: float
    low: float
    high: float

    @property
    def is_held(self) -> bool:
        """Whether the figure lies in its band."""
        return self.low <= self.value <= self.high

    @property
    def label(self) -> str:
        """What is compared."""
        return self.band.words.format(group=self.group_name)


def last_published(con: duckdb.DuckDBPyConnection, week_on: date) -> tuple[date, int] | None:
    """Monday and revision of the week published last before `week_on` whose figures are on record."""
    return con.execute(
        "SELECT week_on, revision FROM ledger_weeks WHERE state = 'published' AND week_on < ? "
        "AND (week_on, revision) IN (SELECT (week_on, revision) FROM ledger_output_figures) "
        "ORDER BY week_on DESC, revision DESC LIMIT 1",
        [week_on],
    ).fetchone()


def compare_figures(
    con: duckdb.DuckDBPyConnection, last_week: tuple[date, int] | None, week_on: date, settings: OutputGateSettings
) -> list[Comparison]:
    """This week's figures (`out_figures`) beside those of `last_week`, or what is usual, as far as both rest on enough rows."""
    n_weeks = (week_on - last_week[0]).days // 7 if last_week else 0
    columns = "SELECT figure, group_name, value_number, n_base FROM"
    now = _by_figure(con.execute(f"{columns} out_figures").fetchall())
    last = {}
    if last_week and n_weeks <= settings.max_weeks_apart:
        where = "WHERE week_on = ? AND revision = ?"
        last = _by_figure(con.execute(f"{columns} ledger_output_figures {where}", [*last_week]).fetchall())
    return [
        comparison
        for band in BANDS
        for comparison in _compared(
            band,
            now.get(band.usual, {}) if band.usual else last.get(band.figure, {}),
            now.get(band.figure, {}),
            1 if band.usual else n_weeks,
            settings,
        )
    ]


def _by_figure(rows: list[tuple[str, str, float, int]]) -> dict[str, dict[str, Sample]]:
    figures: dict[str, dict[str, Sample]] = {}
    for figure, group, value, n_base in sorted(rows):
        figures.setdefault(figure, {})[group] = (value, n_base)
    return figures


def _compared(
    band: Band, last: dict[str, Sample], now: dict[str, Sample], n_weeks: int, settings: OutputGateSettings
) -> Iterator[Comparison]:
    """Comparisons of one figure's groups. A group that is new is not judged; one that is gone counts as nothing."""
    allowed = getattr(settings, band.setting)
    if band.kind == "level":
        yield from _levels(band, allowed, now, settings)
        return
    n_last, n_now = (max((n for _, n in groups.values()), default=0) for groups in (last, now))
    least = 1 if band.kind == "amount" else settings.min_rows
    if n_last < least or (n_now < least and band.kind not in ("stock", "flow", "amount")):
        return
    for group, (value, _) in last.items():
        if band.kind == "amount" and value <= 0:  # a factor says nothing there
            continue
        seen = now.get(group, (0.0, n_now))[0]
        slack = n_weeks * max(
            _own(band, allowed, value), settings.chance_width * _chance(band, (value, n_last), (seen, n_now))
        )
        yield _comparison(band, group, value, seen, slack)


def _levels(band: Band, allowed: float, now: dict[str, Sample], settings: OutputGateSettings) -> Iterator[Comparison]:
    for group, (value, n_rows) in now.items():
        high = allowed + settings.chance_width * math.sqrt(allowed * (1 - allowed) / n_rows)
        if n_rows >= settings.min_rows:
            yield Comparison(band, group, allowed, value, 0.0, high)


def _own(band: Band, allowed: float, last: float) -> float:
    """How far a figure may move by its setting, in its own unit; for an amount as a share."""
    return allowed * last if band.kind in ("stock", "flow", "part") else allowed


def _chance(band: Band, last: Sample, now: Sample) -> float:
    """Standard error of the change, in the figure's unit; for an amount as a share."""
    if band.kind == "stock":
        return 0.0
    if band.kind == "flow":
        return math.sqrt(last[0] + now[0])
    if band.kind == "amount":
        return math.sqrt(2 / last[1])
    pooled = (last[0] * last[1] + now[0] * now[1]) / (last[1] + now[1])
    return math.sqrt(max(pooled * (1 - pooled), 0) * (1 / last[1] + 1 / now[1]))


def _comparison(band: Band, group: str, last: float, now: float, slack: float) -> Comparison:
    if band.kind == "amount":
        ends = sorted((last / (1 + slack), last * (1 + slack)))
        return Comparison(band, group, last, now, ends[0], ends[1])
    top = math.inf if band.kind in ("stock", "flow") else 1.0
    return Comparison(band, group, last, now, max(last - slack, 0.0), min(last + slack, top))
