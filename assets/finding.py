"""One thing that `winback doctor` looked at.

Belongs here: how it is told. Does not belong here: looking (`assets.doctor` and its neighbours) or printing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """How a thing stands, what was seen, and what to do where it does not stand well."""

    subject: str
    level: Level
    seen: str
    fix: str = ""
