"""The manager's page.

Belongs here: how sections are laid out as tables and bars. Does not belong here: the figures (`manager_sections`), templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from winback.pages.document import render_page
from winback.pages.drawings import share_bar
from winback.pages.manager_sections import ManagerSection
from winback.pages.measures import cell_text, group_text, group_title, title_of, unit_of
from winback.pages.words import Words

_BARS = {
    "reason_mix": "estimated_share",
    "recovery": "recovery_share",
    "regained": "kept_share",
    "capacity": "used_share",
    "on_time": "on_time_share",
    "revisit": "covered_share",
    "not_chosen": "share",
}
"""The measure that a section draws as a bar."""

_FUNNEL = (
    ("n_lapsed", "n_eligible", "n_chosen", "n_holdout"),
    ("n_quarter_listed", "n_quarter_worked", "n_quarter_returned"),
)
"""The funnel of the week and that of the quarter, each step beside the first of its own."""

_TEXTS = frozenset({None, "flag", "date"})


@dataclass(frozen=True)
class _Column:
    """One measure: a text or a number, with a bar before it and its interval behind it where it has them."""

    measure: str
    title: str
    is_text: bool
    has_bar: bool
    has_interval: bool

    @property
    def n_cells(self) -> int:
        return 1 + self.has_bar + self.has_interval


@dataclass(frozen=True)
class _Cell:
    column: _Column
    text: str
    interval: str
    bar: Markup


@dataclass(frozen=True)
class _Table:
    """A section as titles and cells; `note` says how to read it."""

    name: str
    title: str
    note: str | None
    group_title: str
    columns: tuple[_Column, ...]
    rows: tuple[tuple[str, tuple[_Cell, ...]], ...]


def manager_page(sections: tuple[ManagerSection, ...], *, week_on: date, language: str, is_simulated: bool = False) -> bytes:
    """HTML of the manager's week for readers of `language` ('en' or 'zh'). Holds ids and no names, phones, mails or notes."""
    words = Words(language)
    funnel = next((section for section in sections if section.name == "funnel"), None)
    tables = [_table(section, words) for section in sections if section.name != "funnel"]
    return render_page(
        "manager_page.html",
        language=language,
        week_on=week_on,
        is_simulated=is_simulated,
        funnel_title=words.section("funnel"),
        funnel=_funnel(funnel, words) if funnel else [],
        tables=tables,
    )


def _funnel(section: ManagerSection, words: Words) -> list[tuple[str, str, Markup]]:
    """Steps with their count and a bar against the largest of the week's or the quarter's."""
    values = section.rows[0][1] if section.rows else {}
    steps = []
    for part in (
        ("n_lapsed", "n_eligible", "n_chosen", "n_holdout"),
        ("n_quarter_listed", "n_quarter_worked", "n_quarter_returned"),
    ):
        whole = values.get(part[0])
        for measure in part:
            value = values.get(measure)
            bar = share_bar(value / whole) if value is not None and whole else Markup("")
            steps.append((title_of(measure, words), cell_text(measure, value, words) or words.label("unknown"), bar))
    return steps


def _table(section: ManagerSection, words: Words) -> _Table:
    shown = [m for m in section.measures if not _is_bound(m, section.measures) and _is_known(m, section)]
    columns = tuple(_column(m, section, words) for m in shown)
    rows = tuple(
        (group_text(section.name, group, words), tuple(_cell(column, values, words) for column in columns))
        for group, values in section.rows
    )
    title = group_title(section.name, words)
    return _Table(section.name, words.section(section.name), words.note(section.name), title, columns, rows)


def _column(measure: str, section: ManagerSection, words: Words) -> _Column:
    return _Column(
        measure=measure,
        title=title_of(measure, words, section.table),
        is_text=unit_of(measure, "") in _TEXTS,
        has_bar=_BARS.get(section.name) == measure,
        has_interval=set(_bounds(measure)) <= set(section.measures),
    )


def _cell(column: _Column, values: Mapping[str, Any], words: Words) -> _Cell:
    value = values.get(column.measure)
    low, high = (values.get(bound) for bound in _bounds(column.measure))
    ends = [cell_text(column.measure, end, words) for end in (low, high) if end is not None]
    bar = share_bar(value, low, high, values.get("case_share")) if column.has_bar else Markup("")
    return _Cell(column, cell_text(column.measure, value, words), " – ".join(ends), bar)


def _bounds(measure: str) -> tuple[str, str]:
    """Names of the ends of a measure's interval: `recovery_low_share` and `recovery_high_share` for `recovery_share`."""
    stem, _, unit = measure.rpartition("_")
    return f"{stem}_low_{unit}", f"{stem}_high_{unit}"


def _is_bound(measure: str, measures: tuple[str, ...]) -> bool:
    return any(measure in _bounds(other) for other in measures)


def _is_known(measure: str, section: ManagerSection) -> bool:
    return any(values.get(measure) is not None for _, values in section.rows)
