"""The facts a play may name.

Belongs here: the list of facts (`facts.yaml`) and the column behind each. Does not belong here: fetching the values, how they
are written (`written`), or the sentences that name them (`sentences`).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

MIN_PEERS = 5
"""Smallest group of peers that may be spoken of, the account itself included."""

FactKind = Literal["days", "count", "amount", "ratio", "share", "date", "timestamp", "text", "reason", "complaint", "flag"]


class Fact(BaseModel):
    """One fact: the column that fills it (`table.column`), how it is written, and what guards it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(pattern=r"^[a-z_0-9]+\.[a-z_0-9]+$")
    kind: FactKind
    peers: str | None = None
    consent: str | None = None
    choose: str | None = None


@functools.cache
def load_facts() -> dict[str, Fact]:
    """Every fact by the name it has in braces."""
    document = yaml.safe_load((resources.files("winback.plays") / "facts.yaml").read_text("utf-8"))
    return {name: Fact.model_validate(entry) for name, entry in document["facts"].items()}
