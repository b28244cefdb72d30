"""Reading the play catalogue.

Belongs here: the catalogue's shape and its texts in one language. Does not belong here: the plays themselves
(`catalogue.yaml`).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import polars as pl
import yaml

_SHARED = ("lane", "play_channel", "contact_role", "minutes", "due_days")
_TEXTS = (
    "reason_name", "reason_either", "reason_maybe", "action", "why_now", "why_now_single", "talk_track", "talk_either",
    "do_not_say",
)  # fmt: skip


@cache
def _document() -> dict[str, Any]:
    text = (resources.files(__name__.rpartition(".")[0]) / "catalogue.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def play_table(language: str) -> pl.DataFrame:
    """Rows of `core_plays`: every play with its texts in `language` ('en' or 'zh')."""
    document = _document()
    rows = [
        {"play_id": play_id, "play_version": document["version"]}
        | {name: play[name] for name in _SHARED}
        | {name: play[language][name] for name in _TEXTS}
        for play_id, play in document["plays"].items()
    ]
    return pl.DataFrame(rows)
