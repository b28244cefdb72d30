"""Which columns each system's import file has.

Belongs here: reading and checking `systems.yaml`. Does not belong here: rows (`import_file`).
"""

from __future__ import annotations

import functools
import re
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from data_contracts import load_contract

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class CrmColumn(BaseModel):
    """What fills one column: exactly one of a playbook column, a template, a fixed text, or a code looked up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    text: str | None = None
    longest: int | None = None
    fixed: str | None = None
    by: str | None = None
    values: dict[str, str] = {}
    otherwise: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        """Playbook columns that the value is made of."""
        return tuple(name for name in (self.column, self.by, *PLACEHOLDER.findall(self.text or "")) if name)

    @model_validator(mode="after")
    def _has_one_source(self) -> CrmColumn:
        if sum(source is not None for source in (self.column, self.text, self.fixed, self.by)) != 1:
            raise ValueError("name exactly one of column, text, fixed and by")
        if (self.text is None) != (self.longest is None):
            raise ValueError("text and longest go together")
        return self


class CrmSystem(BaseModel):
    """A system's import file: its columns in order, and the one that holds the row key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    columns: dict[str, CrmColumn]

    @model_validator(mode="after")
    def _is_safe(self) -> CrmSystem:
        if self.key not in self.columns or self.columns[self.key].column != "row_key":
            raise ValueError(f"the key column '{self.key}' must hold row_key")
        fields = {f.name: f for f in load_contract("out_playbook").fields}
        named = sorted({name for column in self.columns.values() for name in column.reads})
        if wrong := [name for name in named if name not in fields]:
            raise ValueError(f"no columns of out_playbook: {', '.join(wrong)}")
        if personal := [name for name in named if fields[name].personal]:
            raise ValueError(f"personal columns never go into an import file: {', '.join(personal)}")
        return self


@functools.cache
def load_systems() -> dict[str, CrmSystem]:
    """All systems by name, checked. Raises pydantic's ValidationError where one is not well-formed or not safe."""
    document = yaml.safe_load((resources.files("winback.crm") / "systems.yaml").read_text("utf-8"))
    return {name: CrmSystem.model_validate(entry) for name, entry in document.items()}
