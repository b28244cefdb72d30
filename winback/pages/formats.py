"""How values are written on pages.

Belongs here: amounts, shares, dates and free text as short strings. Does not belong here: words (`words`), escaping (the
templates escape everything).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

NOT_KNOWN = "–"
MAX_TEXT = 600
"""Longest free text on a page, in characters; the whole of it is in the account's JSON."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")


def amount(value: Decimal | float | None) -> str:
    """An amount in whole units with thousands separated; below 100 with two digits."""
    if value is None:
        return NOT_KNOWN
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 100 or number == 0 else f"{number:,.2f}"


def share(value: float | None, digits: int = 0) -> str:
    """A chance or share in per cent, with one digit below 10 % so that small chances do not look alike."""
    if value is None:
        return NOT_KNOWN
    per_cent = 100 * float(value)
    return f"{per_cent:.{digits or (1 if abs(per_cent) < 10 else 0)}f} %"


def signed_share(value: float | None) -> str:
    """A change in per cent with its sign."""
    return NOT_KNOWN if value is None else f"{100 * float(value):+.0f} %".replace("-", "−")


def day(value: date | None) -> str:
    """A date as YYYY-MM-DD, the same in both languages."""
    return value.isoformat() if value is not None else NOT_KNOWN


def number(value: Decimal | float | int | None, digits: int = 0) -> str:
    """A number with thousands separated and at most `digits` decimals, none that are zero."""
    if value is None:
        return NOT_KNOWN
    text = f"{float(value):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_controls(text: str) -> str:
    """`text` without characters that nobody sees and that steer terminals or turn the direction of what follows."""
    return _CONTROLS.sub("", text)


def words(text: object, limit: int = MAX_TEXT) -> str:
    """Free text on one page: control and direction-changing characters taken out, cut after `limit` characters."""
    plain = without_controls("" if text is None else str(text)[: 2 * limit + 100]).strip()
    return plain if len(plain) <= limit else plain[:limit].rstrip() + "…"
