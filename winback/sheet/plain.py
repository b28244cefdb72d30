"""A sheet as plain values for JSON.

Belongs here: dates, decimals and parts as JSON knows them. Does not belong here: what is in a sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from winback.sheet.sheet import AccountSheet


def plain_sheet(sheet: AccountSheet) -> dict[str, Any]:
    """The sheet as nested dictionaries: dates as YYYY-MM-DD, amounts as numbers, plus the two trends and the plan's sum."""
    found: dict[str, Any] = _plain(asdict(sheet))
    return found | {
        "trend_days": sheet.trend_days,
        "trend_share": sheet.trend_share,
        "peer_trend_share": sheet.peer_trend_share,
        "plan_amount": float(sheet.plan_amount),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
