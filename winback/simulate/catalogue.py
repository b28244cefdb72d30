"""The lists that the market draws from: branches, products, offers, standards, incidents, changes, cases, names.

Belongs here: reading `catalogue.yaml` and handing it out. Does not belong here: chances (`parameters.yaml`), note texts
(`notes/`), or tables made from the lists (`reference_tables`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from winback.simulate.parameters import CODE_INDEX, OFFER_KINDS


@dataclass(frozen=True)
class Catalogue:
    """The packaged lists; entries are mappings as written in the file."""

    branches: tuple[dict[str, Any], ...]
    products: tuple[dict[str, Any], ...]
    offers: tuple[dict[str, Any], ...]
    standards: tuple[dict[str, Any], ...]
    incidents: tuple[dict[str, Any], ...]
    changes: dict[str, str]
    cases: tuple[dict[str, Any], ...]
    purposes: tuple[str, ...]
    currencies: tuple[dict[str, Any], ...]
    names: dict[str, list[str]]
    preferences: dict[str, list[str]]
    taboos: dict[str, list[str]]
    occasions: dict[str, list[str]]
    complaint_types: dict[str, list[str]]
    event_details: dict[str, dict[str, str]]

    @property
    def offer_kind(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Index into OFFER_KINDS of each offer, in the order of `offers`."""
        return np.array([OFFER_KINDS.index(o["kind"]) for o in self.offers], dtype=np.int64)

    @property
    def offer_fits(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Whether offer (row) is meant for code (column)."""
        fits = np.zeros((len(self.offers), len(CODE_INDEX)), dtype=np.bool_)
        for row, offer in enumerate(self.offers):
            for code in str(offer["reason_codes"]).split(";"):
                fits[row, CODE_INDEX[code]] = True
        return fits


@cache
def load_catalogue() -> Catalogue:
    """The packaged catalogue."""
    text = (resources.files(__package__) / "catalogue.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    lists: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in document.items()}
    return Catalogue(**lists)
