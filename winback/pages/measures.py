"""What a measure is called, counted in, and how it is written.

Belongs here: reading the naming law (`n_`, `_share`, `_amount`, `_on` …) for titles, units and cells of the manager's page. Does
not belong here: the figures (`manager_sections`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from data_contracts import dictionary, load_contract
from winback.pages import formats
from winback.pages.words import Words
from winback.plays.library import load_plays
from winback.reasons.taxonomy import load_taxonomy

_SUFFIXES = {"_share": "share", "_prob": "share", "_amount": "amount", "_days": "days", "_minutes": "minutes", "_on": "date"}
_CODES = {
    "issue_kind": "issue_kind",
    "spell_kind": "spell_kind",
    "effect_status": "effect_status",
    "constraint_kind": "constraint_kind",
    "method": "method",
}
_GROUPS = {
    "not_chosen": "cause",
    "growth_time": "time",
    "on_time": "due",
    "silent_count": "spell_kind",
    "regained": "kept",
    "reps": "period",
    "shadow": "constraint_kind",
}
_GROUP_COLUMNS = {
    "list_before": "account_id",
    "list_during": "account_id",
    "list_after": "account_id",
    "silent": "account_id",
    "capacity": "rep_id",
    "revisit": "rep_id",
    "reps": "rep_id",
    "recovery": "reason_code",
    "reason_mix": "reason_code",
    "growth_category": "category",
    "growth_area": "area",
    "not_chosen": "cause",
    "on_time": "standard_name",
}
ALL = "*"


def unit_of(measure: str, currency: str) -> str | None:
    """count, share, days, minutes, date, flag, the currency for amounts; None for codes and texts."""
    if measure.startswith("n_"):
        return "count"
    if measure.startswith(("is_", "has_")):
        return "flag"
    unit = next((unit for suffix, unit in _SUFFIXES.items() if measure == suffix[1:] or measure.endswith(suffix)), None)
    return currency if unit == "amount" else unit


def title_of(measure: str, words: Words, table: str | None = None) -> str:
    """The measure's name in the reader's language: its title in `table`, else the page's own, else the column dictionary's."""
    if table is not None:
        return load_contract(table).field(measure).title(words.language)
    own = words.measure(measure)
    if own is not None:
        return own
    entry = dictionary().get(measure)
    return str(entry[words.language]) if entry else measure


def group_title(section: str, words: Words) -> str:
    """What a section's groups are."""
    column = _GROUP_COLUMNS.get(section)
    return str(dictionary()[column][words.language]) if column else words.label("group")


def group_text(section: str, group: str, words: Words) -> str:
    """A section's group in words; ids and names stay as they are."""
    parts = [words.label("all") if part == ALL else part for part in group.split(" · ")]
    if section == "recovery":
        return _reason_text(parts[0], words)
    kind = _GROUPS.get(section)
    return " · ".join(words.value(kind, part) if kind else part for part in parts)


def cell_text(measure: str, value: Any, words: Words) -> str:
    """A value as the page writes it; nothing where it is not known."""
    if value is None:
        return ""
    if measure in _CODES:
        return words.value(_CODES[measure], value)
    if isinstance(value, bool):
        return words.label("yes") if value else words.label("no")
    if isinstance(value, date):
        return formats.day(value)
    if isinstance(value, str):
        return formats.words(_text(measure, value, words), 160)
    return _number_text(unit_of(measure, "amount"), measure, value)


def _text(measure: str, value: str, words: Words) -> str:
    match measure:
        case "hidden_reason":
            return words.hidden_reason(value)
        case "usage_warning":
            return " · ".join(words.value("warning", code) for code in value.split(";"))
        case "play_id":
            code = load_plays()[value].code if value in load_plays() else None
            return words.value("play", value) if code is None else _reason_text(code, words)
        case _:
            return value


def _number_text(unit: str | None, measure: str, value: Decimal | float | int) -> str:
    if unit == "share":
        is_change = any(word in measure for word in ("growth", "change", "difference", "gain"))
        return formats.signed_share(float(value)) if is_change else formats.share(float(value))
    if unit == "amount":
        return formats.amount(value)
    return formats.number(value, 0 if unit in ("count", "days", "minutes") else 2)


def _reason_text(code: str, words: Words) -> str:
    reasons = {reason.code: reason for reason in load_taxonomy().reasons}
    if code not in reasons:
        return code
    return f"{code} {reasons[code].name_zh if words.language == 'zh' else reasons[code].name_en}"
