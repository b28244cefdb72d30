"""The shipped prior: cited figures of others.

Belongs here: reading `prior.yaml` and saying what it supports. Does not belong here: rates of one's own (`family_rates`).
"""

from __future__ import annotations

import functools
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PriorSource(_Strict):
    """One published figure; `uplift_share` is null where it does not compare contacted with left alone, and `why` says so."""

    id: str
    citation: str
    why: str
    uplift_share: float | None = Field(ge=-1, le=1)
    accept_shares: dict[str, float] = {}
    n_regained: int | None = None


class Prior(_Strict):
    """The file; `pooling_rows` is the least weight of the pool beside a family's own contacts."""

    version: str
    pooling_rows: float = Field(gt=0)
    sources: tuple[PriorSource, ...]

    @property
    def words(self) -> str:
        """What the sources support, for people."""
        told = "; ".join(f"{s.citation}: {s.why}" for s in self.sources if s.uplift_share is None)
        return f"Prior {self.version} supports no uplift ({told})."


@functools.cache
def load_prior() -> Prior:
    """The prior that ships with the package, checked."""
    text = (resources.files("winback.uplift") / "prior.yaml").read_text("utf-8")
    return Prior.model_validate(yaml.safe_load(text))
