"""What every table promises, as plain data.

Belongs here: reading the contracts (`<table>.odcs.yaml`, Open Data Contract Standard v3.1), joining them with the column
dictionary (`fields.yaml`) and handing out frozen objects. Does not belong here: anything made *from* contracts (DDL,
row rules, expectations, templates, documentation); that is `winback.contracts`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

SQL_TYPES = {
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "fine_decimal": "DECIMAL(18,10)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}

_ODCS_TYPES = {"decimal": "number", "fine_decimal": "number", "double": "number"}


class UnknownTableError(LookupError):
    """No contract has that name."""

    def __init__(self, table: str) -> None:
        close = difflib.get_close_matches(table, table_names(), n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        super().__init__(f"There is no contract for a table '{table}'.{hint}")


@dataclass(frozen=True)
class Field:
    """One column of one table: its dictionary entry and the table's demands on it."""

    name: str
    type: str
    description: str
    title_en: str
    title_zh: str
    unit: str | None = None
    personal: str | None = None
    is_required: bool = False
    key_position: int | None = None
    references: str | None = None
    minimum: str | float | None = None
    maximum: str | float | None = None
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    default: str | None = None
    is_event_date: bool = False
    is_multiline: bool = False
    is_write_back: bool = False
    words_zh: tuple[tuple[str, str], ...] = ()
    """Codes with the Chinese words for them, where readers see words."""

    @property
    def sql_type(self) -> str:
        """DuckDB type of the column."""
        return SQL_TYPES[self.type]

    def title(self, language: str) -> str:
        """Column title for readers of `language` (a tag such as 'zh' or 'en')."""
        return self.title_zh if language.startswith("zh") else self.title_en


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations rule written in a contract."""

    type: str
    kwargs: tuple[tuple[str, Any], ...]
    description: str
    is_blocking: bool


@dataclass(frozen=True)
class Contract:
    """A resolved contract.

    `direction` is input (delivered by others), computed (made here) or output (handed to people); `kind` is event
    (rows have a date), state (rows are versions), week (rows of one week) or log.
    """

    name: str
    direction: str
    kind: str
    description: str
    version: str
    is_required_input: bool
    fields: tuple[Field, ...]
    expectations: tuple[Expectation, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(f.name for f in self.fields)

    @property
    def key(self) -> tuple[str, ...]:
        """Key columns in order; empty where rows have no key."""
        keyed = [f for f in self.fields if f.key_position is not None]
        return tuple(f.name for f in sorted(keyed, key=lambda f: f.key_position or 0))

    @property
    def event_date(self) -> Field | None:
        """The column that dates an event row, or None for other kinds."""
        return next((f for f in self.fields if f.is_event_date), None) if self.kind == "event" else None

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError if the contract has none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(f"contract '{self.name}' has no column '{name}'")


def table_names(direction: str | None = None) -> tuple[str, ...]:
    """Names of all contracts, or of those of one direction, sorted."""
    names = sorted(
        entry.name.removesuffix(".odcs.yaml")
        for entry in resources.files(__name__).iterdir()
        if entry.name.endswith(".odcs.yaml")
    )
    return tuple(n for n in names if direction is None or load_contract(n).direction == direction)


@cache
def load_contract(table: str) -> Contract:
    """The resolved contract of `table`.

    Raises UnknownTableError for an unknown table and KeyError for a column that the dictionary lacks.
    """
    document = read_document(table)
    schema = document["schema"][0]
    custom = {p["property"]: p["value"] for p in schema.get("customProperties", [])}
    return Contract(
        name=table,
        direction=custom["direction"],
        kind=custom["kind"],
        description=schema["description"],
        version=document["version"],
        is_required_input=bool(custom.get("isRequiredInput", False)),
        fields=tuple(_resolve_field(table, p) for p in schema["properties"]),
        expectations=tuple(_resolve_expectation(q) for q in schema.get("quality", [])),
    )


def read_document(table: str) -> dict[str, Any]:
    """The contract file of `table` as written, unresolved."""
    path = resources.files(__name__) / f"{table}.odcs.yaml"
    if not path.is_file():
        raise UnknownTableError(table)
    document: dict[str, Any] = _read_yaml(f"{table}.odcs.yaml")
    return document


def resolve_document(table: str) -> dict[str, Any]:
    """The contract file of `table` with types, units and descriptions filled in, as valid ODCS v3.1."""
    document = read_document(table)
    contract = load_contract(table)
    for prop in document["schema"][0]["properties"]:
        field = contract.field(prop["name"])
        prop["logicalType"] = _ODCS_TYPES.get(field.type, field.type)
        prop["physicalType"] = field.sql_type
        prop["description"] = field.description
        prop["businessName"] = field.title_en
        if field.personal:
            prop["classification"] = "personal"
        if field.unit:
            prop["customProperties"] = [{"property": "unit", "value": field.unit}]
    return document


@cache
def dictionary() -> dict[str, dict[str, Any]]:
    """The column dictionary as written."""
    entries: dict[str, dict[str, Any]] = _read_yaml("fields.yaml")
    return entries


def _read_yaml(name: str) -> Any:
    text = (resources.files(__name__) / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _resolve_field(table: str, prop: dict[str, Any]) -> Field:
    name = prop["name"]
    entry = dictionary().get(f"{table}.{name}", dictionary().get(name))
    if entry is None:
        raise KeyError(f"contract '{table}' lists column '{name}', which fields.yaml does not describe")
    relationships = prop.get("relationships", [])
    return Field(
        name=name,
        type=entry["type"],
        description=entry["description"],
        title_en=entry["en"],
        title_zh=entry["zh"],
        unit=entry.get("unit"),
        personal=entry.get("personal"),
        is_required=prop.get("required", False),
        key_position=prop.get("primaryKeyPosition"),
        references=relationships[0]["to"] if relationships else None,
        minimum=entry.get("minimum"),
        maximum=entry.get("maximum"),
        allowed=tuple(entry.get("allowed", ())),
        pattern=entry.get("pattern"),
        default=entry.get("default"),
        is_event_date=entry.get("event", False),
        is_multiline=entry.get("multiline", False) or entry.get("personal") == "text",
        is_write_back="write_back" in prop.get("tags", []),
        words_zh=tuple(entry.get("words_zh", {}).items()),
    )


def _resolve_expectation(quality: dict[str, Any]) -> Expectation:
    implementation = quality["implementation"]
    return Expectation(
        type=implementation["type"],
        kwargs=tuple(implementation["kwargs"].items()),
        description=quality["description"],
        is_blocking=quality["severity"] == "error",
    )
