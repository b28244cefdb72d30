"""The figures of the manager's week, section by section.

Belongs here: which sections there are, what each reads, and reading them. Does not belong here: layout (`manager_page`), the
delivered rows (`manager_rows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from data_contracts import load_contract
from winback.contracts.identifiers import name_list, quote_name
from winback.contracts.tables import temporary_table
from winback.pages import growth_sql, manager_sql
from winback.reasons.taxonomy import load_taxonomy
from winback.sheet.wanted import has_table

ALL = "*"
"""Group of a section's only or overall row."""


@dataclass(frozen=True)
class ManagerSection:
    """One section: its measures in order, and rows of (group, value per measure). Without rows it is not yet known.

    `table` is the table that the section shows as it is, if it does.
    """

    name: str
    measures: tuple[str, ...]
    rows: tuple[tuple[str, Mapping[str, Any]], ...]
    table: str | None = None


@dataclass(frozen=True)
class _Source:
    """What a section reads: a SELECT whose first column is the group, or a table with its group and measures by contract.

    A table's group is its `group_columns` put together, `hidden` columns are left out, and so are rows without the `condition`.
    """

    name: str
    query: str | None = None
    table: str | None = None
    group_columns: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    condition: str = "true"


_TO_DATE = (
    "period_from_on >= CASE period_kind "
    "WHEN 'month' THEN date_trunc('month', date_add(CAST(date_trunc('month', as_of_on) AS DATE), -1)) "
    "ELSE date_trunc('quarter', date_add(CAST(date_trunc('quarter', as_of_on) AS DATE), -1)) END"
)
"""The month and quarter to date, and the ones before."""

_SOURCES = (
    _Source("funnel", manager_sql.FUNNEL),
    _Source("not_chosen", manager_sql.NOT_CHOSEN),
    _Source("reason_mix", manager_sql.REASON_MIX),
    _Source("recovery", table="track_recovery", group_columns=("reason_code",)),
    _Source(
        "effect",
        table="track_effect",
        group_columns=("experiment_id",),
        where={"effect_scope": "total"},
        hidden=("week_on", "is_weighted", "n_open", "n_unlogged", "effect_scope"),
    ),
    _Source("regained", table="track_regained", group_columns=("return_kind", "kept_days")),
    _Source("capacity", manager_sql.CAPACITY),
    _Source("reps", table="track_reps", group_columns=("rep_id", "period_kind", "period_from_on"), condition=_TO_DATE),
    _Source("shadow", table="plan_summary", group_columns=("constraint_kind", "constraint_id")),
    _Source("list_before", manager_sql.LIST_BEFORE),
    _Source("list_during", manager_sql.LIST_DURING),
    _Source("list_after", manager_sql.LIST_AFTER),
    _Source("on_time", manager_sql.ON_TIME),
    _Source("revisit", manager_sql.REVISIT),
    _Source("silent_count", manager_sql.SILENT_COUNT),
    _Source("silent", manager_sql.SILENT),
    _Source("growth_category", growth_sql.GROWTH_CATEGORY),
    _Source("growth_time", growth_sql.GROWTH_TIME),
    _Source("growth_area", growth_sql.GROWTH_AREA),
)


_DAILY = ("on_time",)


def daily_sections(con: duckdb.DuckDBPyConnection) -> tuple[ManagerSection, ...]:
    """The sections that are told every day: standards met and slipping."""
    return tuple(_section(con, source, ()) for source in _SOURCES if source.name in _DAILY)


def manager_sections(con: duckdb.DuckDBPyConnection, *, default_weekly_minutes: int) -> tuple[ManagerSection, ...]:
    """All sections of the week the connection stands at, in the order of the page.

    A table that does not exist, or is empty, gives a section without rows. `default_weekly_minutes` is the capacity of a
    representative without one of their own.
    """
    parameters: dict[str, Sequence[object]] = {
        "reason_mix": (_rest_of_the_case(),),
        "capacity": (default_weekly_minutes, default_weekly_minutes),
    }
    with temporary_table(con, "_growth_cells", growth_sql.GROWTH_CELLS):
        return tuple(_section(con, source, parameters.get(source.name, ())) for source in _SOURCES)


def _section(con: duckdb.DuckDBPyConnection, source: _Source, parameters: Sequence[object]) -> ManagerSection:
    if source.query is not None:
        return _from_query(con, source.name, source.query, parameters)
    if source.table is None or not has_table(con, source.table):
        return ManagerSection(source.name, (), ())
    return _from_table(con, source, source.table)


def _from_query(con: duckdb.DuckDBPyConnection, name: str, query: str, parameters: Sequence[object]) -> ManagerSection:
    cursor = con.execute(query, list(parameters))
    measures = tuple(column[0] for column in cursor.description or [])[1:]
    rows = tuple((str(group), dict(zip(measures, values, strict=True))) for group, *values in cursor.fetchall())
    return ManagerSection(name, measures, rows)


def _from_table(con: duckdb.DuckDBPyConnection, source: _Source, table: str) -> ManagerSection:
    """A table's rows in the order of its key, without personal columns."""
    contract = load_contract(table)
    out = {"as_of_on", *source.group_columns, *source.hidden}
    measures = tuple(f.name for f in contract.fields if f.personal is None and f.name not in out)
    columns = name_list((*source.group_columns, *measures))
    where = " AND ".join([source.condition, *(f"{quote_name(column)} = ?" for column in source.where)])
    query = f"SELECT {columns} FROM {quote_name(contract.name)} WHERE {where} ORDER BY {name_list(contract.key)}"
    n_groups = len(source.group_columns)
    rows = [
        (" · ".join(ALL if v is None else str(v) for v in row[:n_groups]), dict(zip(measures, row[n_groups:], strict=True)))
        for row in con.execute(query, list(source.where.values())).fetchall()
    ]
    return ManagerSection(source.name, measures, tuple(rows), table)


def _rest_of_the_case() -> float:
    """The case's share of families 4 to 7 together: what its first three leave."""
    shares = {reason.code: reason.case_share for reason in load_taxonomy().reasons}
    return round(1 - sum(shares[code] or 0 for code in ("1", "2", "3")), 6)
