"""The kinds of offers.

Belongs here: what a kind costs, takes and needs (`kinds.yaml`), checked. Does not belong here: single offers (an input table),
or tables made from this (`tables`).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Literal, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from winback.errors import UsageError
from winback.plays.library import load_plays
from winback.plays.play import PRICE_KINDS, OfferKind
from winback.plays.sentences import Strict

Cost = Literal[
    "amount", "share", "share_and_amount", "amount_or_share", "amount_or_product", "points_or_amount", "amount_or_nothing"
]  # fmt: skip
Level = Literal["L", "M", "H"]
CELLS = tuple(f"{usage}-{loyalty}" for usage in get_args(Level) for loyalty in get_args(Level))


class Kind(Strict):
    """What holds for every offer of a kind; see the head of `kinds.yaml`. `minutes` is a rep's time."""

    is_price: bool
    cost: Cost
    minutes: int = Field(ge=0, le=120)
    is_sized: bool
    needs: Literal["interest", "points"] | None = None


class Kinds(Strict):
    """The whole file: kinds by name, size (1 to 3) by cell, plays that begin without an offer."""

    kinds: dict[OfferKind, Kind]
    sizes: dict[str, Literal[1, 2, 3]]
    held_back: tuple[str, ...]

    @model_validator(mode="after")
    def _complete(self) -> Kinds:
        missing = sorted(set(get_args(OfferKind)) - set(self.kinds))
        if missing:
            raise ValueError(f"no entry for {', '.join(missing)}")
        if {name for name, kind in self.kinds.items() if kind.is_price} != PRICE_KINDS:
            raise ValueError(f"is_price must be true for exactly {', '.join(sorted(PRICE_KINDS))}")
        if set(self.sizes) != set(CELLS):
            raise ValueError(f"sizes must name exactly the cells {', '.join(CELLS)}")
        unknown = sorted(set(self.held_back) - set(load_plays()))
        if unknown:
            raise ValueError(f"held_back names no play: {', '.join(unknown)}")
        return self


@functools.cache
def load_kinds() -> Kinds:
    """The kinds that ship; UsageError names the key that is wrong."""
    text = (resources.files("winback.offers") / "kinds.yaml").read_text("utf-8")
    try:
        return Kinds.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise UsageError(f"kinds.yaml: {error}") from error
