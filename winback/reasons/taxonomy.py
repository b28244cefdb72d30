"""The reasons themselves, as data.

Belongs here: loading and checking `taxonomy.yaml`, order and families of codes. Does not belong here: cues, models, plays.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

LEAF_CODES = ("1a", "1b", "1c", "1d", "1e", "1f", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "7")
FAMILY_CODES = ("1", "2", "3", "4", "5", "6", "7")
UNKNOWN = "7"
Control = Literal["us", "customer", "market", "season", "rivals"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Strict):
    """One reason or family: what it means, who controls it, where its border to its neighbours runs."""

    code: str
    family: str
    slug: str = Field(pattern=r"^[a-z][a-z_]*$")
    name_en: str
    name_zh: str
    definition_en: str
    definition_zh: str
    controlled_by: tuple[Control, ...]
    is_leaf: bool
    case_share: float | None = Field(default=None, ge=0, le=1)
    beyond_ads: str | None = None


class BoundaryRule(_Strict):
    """A rule that decides between codes."""

    id: str
    codes: tuple[str, ...]
    rule: str


class EvidenceTier(_Strict):
    """How well a label is founded; lower rank is better."""

    tier: str
    rank: int
    meaning: str


class ComplaintType(_Strict):
    """A kind of complaint and the code it is evidence for; `also` are other names it comes under in delivered files."""

    slug: str
    group: Literal["core", "goods", "service", "safety", "billing", "contact"]
    name_en: str
    name_zh: str
    evidence_for: str
    also: tuple[str, ...] = ()


class Taxonomy(_Strict):
    """The whole file; `version` is stored with every label."""

    version: str
    source: str
    reasons: tuple[Reason, ...]
    boundary_rules: tuple[BoundaryRule, ...]
    evidence_tiers: tuple[EvidenceTier, ...]
    evidence_rules: tuple[str, ...]
    complaint_types: tuple[ComplaintType, ...]

    @model_validator(mode="after")
    def _complete(self) -> Taxonomy:
        leaves = tuple(r.code for r in self.reasons if r.is_leaf)
        if leaves != LEAF_CODES:
            raise ValueError(f"leaf codes are {leaves}, not {LEAF_CODES}")
        known = {r.code for r in self.reasons}
        wrong = [c for b in self.boundary_rules for c in b.codes if c not in known]
        wrong += [t.evidence_for for t in self.complaint_types if t.evidence_for not in known]
        if wrong:
            raise ValueError(f"unknown codes in rules or complaint types: {sorted(set(wrong))}")
        names = [name for t in self.complaint_types for name in (t.slug, *t.also)]
        if len(set(names)) != len(names):
            raise ValueError(f"complaint types share names: {sorted({n for n in names if names.count(n) > 1})}")
        if len({r.slug for r in self.reasons}) != len(self.reasons):
            raise ValueError("two reasons share a slug")
        return self

    def reason(self, code: str) -> Reason:
        """The reason with this code. Raises KeyError with the known codes."""
        for reason in self.reasons:
            if reason.code == code:
                return reason
        raise KeyError(f"no reason '{code}'; known: {', '.join(r.code for r in self.reasons)}")


def complaint_type_table() -> pl.DataFrame:
    """Every name a complaint type comes under and the code it is evidence for: the rows of `core_complaint_types`."""
    names = [(name, t.evidence_for) for t in load_taxonomy().complaint_types for name in (t.slug, *t.also)]
    return pl.DataFrame(sorted(names), schema={"complaint_type": pl.String, "evidence_code": pl.String}, orient="row")


def reason_table(language: str) -> pl.DataFrame:
    """Every code with its name in `language` ('en' or 'zh'): the rows of `core_reasons`."""
    rows = [(r.code, r.name_zh if language == "zh" else r.name_en) for r in load_taxonomy().reasons]
    return pl.DataFrame(rows, schema={"reason_code": pl.String, "reason_name": pl.String}, orient="row")


def family_of(code: str) -> str:
    """The family of a code: its first character (`1a` is in family `1`, `4` is its own)."""
    return code[0]


@functools.cache
def load_taxonomy() -> Taxonomy:
    """The taxonomy that ships with the package, checked."""
    return Taxonomy.model_validate(yaml.safe_load((resources.files("winback.reasons") / "taxonomy.yaml").read_text("utf-8")))
