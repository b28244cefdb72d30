"""How the value of a fact is written in a sentence.

Belongs here: figures, days, names of codes, and the words of others made safe to stand among ours. Does not belong here: which
facts there are (`facts`) or the sentences (`sentences`).
"""

from __future__ import annotations

import functools
import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from winback.plays.facts import FactKind
from winback.reasons.taxonomy import load_taxonomy

Language = Literal["zh", "en"]

LONGEST_QUOTE = 300
"""Most characters of somebody's own words in one sentence."""

_FEW_DAYS = 3
_LEAST_RATIO = 0.05
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")


def written(value: Any, kind: FactKind, language: Language, currency: str) -> str:
    """One value as people read it, empty where it is missing.

    Whole days (below three to one decimal) and counts, amounts in whole units of `currency`, shares in per cent, codes by
    their names in `language`, texts by `in_one_line`. A figure that is infinite or not a number counts as missing.
    """
    if value in (None, "") or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return ""
    match kind:
        case "days":
            return _days(float(value))
        case "count":
            return f"{round(float(value)):d}"
        case "amount":
            return f"{round(float(value)):d} {currency}".strip()
        case "ratio" if 0 <= float(value) < _LEAST_RATIO:
            return "不到 0.1" if language == "zh" else "less than 0.1"
        case "ratio":
            return f"{float(value):.1f}"
        case "share":
            return f"{100 * float(value):.0f}%"
        case "timestamp" if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M")
        case "date" if isinstance(value, date):
            return value.strftime("%Y-%m-%d")
        case "reason":
            return reason_name(str(value), language)
        case "complaint":
            return complaint_name(str(value), language)
        case _:
            return in_one_line(str(value))


def in_one_line(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Somebody's own words, cut to `longest`, without line breaks, control characters and marks that turn the reading round."""
    line = " ".join(_INVISIBLE.sub(" ", text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def reason_name(code: str, language: Language) -> str:
    """The name of a reason or family. Raises KeyError for a code that the taxonomy lacks."""
    reason = load_taxonomy().reason(code)
    return reason.name_zh if language == "zh" else reason.name_en


def complaint_name(complaint_type: str, language: Language) -> str:
    """The taxonomy's name of a complaint type as delivered; one that it does not know stays as it is."""
    known = _complaint_types().get(complaint_type.strip().lower())
    if known is None:
        return in_one_line(complaint_type)
    return known[1] if language == "zh" else known[0]


@functools.cache
def _complaint_types() -> dict[str, tuple[str, str]]:
    types = load_taxonomy().complaint_types
    return {name.lower(): (t.name_en, t.name_zh) for t in types for name in (t.slug, *t.also)}


def _days(days: float) -> str:
    return f"{round(days, 1):g}" if days < _FEW_DAYS else f"{round(days):d}"
