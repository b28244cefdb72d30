"""What a card shows of a sheet.

Belongs here: choosing and preparing a sheet's parts for the templates (drawings, the chance at the horizon, signs in words).
Does not belong here: the sheet's content (`winback.sheet`), layout (`templates`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from winback.pages.drawings import chance_curve, spend_sparkline
from winback.pages.formats import words
from winback.pages.words import Words
from winback.reasons.signs import load_signs
from winback.reasons.taxonomy import load_taxonomy
from winback.sheet.sheet import AccountSheet, Chance, Mention

_WRITTEN = {"talk": "talk_track", "facts": "facts_text"}
_WRITTEN_MORE = {"drivers": "drivers_text", "steps": "steps_text", "restart": "restart_text"}
"""Texts written for a row by their label, in the order of the card: at sight, and with the sheet."""


@dataclass(frozen=True)
class SheetView:
    """A sheet with what its card draws and says; `row` is the account's playbook row, if it is listed."""

    sheet: AccountSheet
    row: Mapping[str, Any] | None
    chance: Chance | None
    best_by_on: date | None
    spark_from: date
    sparkline: Markup
    curve: Markup
    signs: tuple[str, ...]
    rivals: tuple[Mention, ...]
    wishes: tuple[Mention, ...]
    written: tuple[tuple[str, str], ...]
    written_more: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    searched: str
    language: str
    spoken_language: str | None
    timeline_rows: int

    def complaint_name(self, complaint_type: str) -> str:
        """The complaint type in the reader's language, as it is where the taxonomy does not know it."""
        names = _complaint_names().get(complaint_type.lower())
        return names[self.language == "zh"] if names else Words(self.language).value("subject", complaint_type)

    def subject_name(self, subject: str | None, words_: Words) -> str:
        """What an entry of the timeline was about: a complaint type or a kind of contact, case, event or result."""
        if subject is None:
            return ""
        return self.complaint_name(subject) if subject.lower() in _complaint_names() else words_.value("subject", subject)


def sheet_view(sheet: AccountSheet, *, language: str, timeline_rows: int = 8) -> SheetView:
    """The view of one sheet for readers of `language`."""
    language = "zh" if language.startswith("zh") else "en"
    periods = sheet.periods[::-1]
    row, best_by_days = sheet.listed, _best_by_days(sheet)
    return SheetView(
        sheet=sheet,
        row=row,
        chance=next((c for c in sheet.chances if c.horizon_days == sheet.horizon_days), None),
        best_by_on=None if best_by_days is None else sheet.as_of_on + timedelta(days=best_by_days),
        spark_from=sheet.as_of_on - timedelta(days=28 * len(periods)),
        sparkline=spend_sparkline([p.spend_amount for p in periods], [p.peer_amount for p in periods]),
        curve=chance_curve(_curve_points(sheet, best_by_days), best_by_days, sheet.horizon_days),
        signs=_signs(sheet.reason.get("sign_slugs"), language),
        rivals=tuple(m for m in sheet.mentions if m.mention_kind == "rival")[:2],
        wishes=tuple(m for m in sheet.mentions if m.mention_kind != "rival")[:4],
        written=_written(row, _WRITTEN),
        written_more=_written(row, _WRITTEN_MORE),
        warnings=tuple(
            Words(language).value("warning", w) for w in ((row or {}).get("usage_warning") or "").split(";") if w
        ),
        searched=_searched(sheet),
        language=language,
        spoken_language=sheet.identity.get("language"),
        timeline_rows=timeline_rows,
    )


def _best_by_days(sheet: AccountSheet) -> int | None:
    """Days until the chance falls to 0.8 of today's; None where it does not within the horizon."""
    days = sheet.timing.get("best_by_days")
    return int(days) if days is not None and days < sheet.horizon_days else None


def _curve_points(sheet: AccountSheet, best_by_days: int | None) -> list[tuple[int, float]]:
    timing = sheet.timing
    if not timing:
        return []
    points = {0: timing["prob"], 7: timing["week_on_prob"]}
    if best_by_days:
        points[best_by_days] = points.get(best_by_days, 0.8 * timing["prob"])
    return sorted(points.items())


def _written(row: Mapping[str, Any] | None, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, column in texts.items() if row and (text := row.get(column)))


def _searched(sheet: AccountSheet) -> str:
    row = sheet.listed or {}
    texts = [
        row.get(c) for c in ("account_name", "account_id", "person_name", "reason_name", "action", "offer_text", "row_key")
    ]
    texts += [sheet.identity.get(c) for c in ("business_kind", "region", "area")]
    return " ".join(words(t, 200) for t in texts if t).lower()


def _signs(slugs: str | None, language: str) -> tuple[str, ...]:
    return tuple(_sign_names()[slug][language == "zh"] for slug in (slugs or "").split(";") if slug in _sign_names())


@functools.cache
def _sign_names() -> dict[str, tuple[str, str]]:
    return {sign.slug: (sign.en, sign.zh) for sign in load_signs()}


@functools.cache
def _complaint_names() -> dict[str, tuple[str, str]]:
    types = load_taxonomy().complaint_types
    return {name: (t.name_en, t.name_zh) for t in types for name in (t.slug, *t.also)}
