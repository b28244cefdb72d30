"""Core and as-of views from input contracts.

Belongs here: the one place that decides which received rows count for a week. Everything downstream reads
`asof_<input>`. Does not belong here: the week's parameters themselves (`core_week`, one row).

A row counts for a week if it was received in a batch up to the week's cutoff, no later version of it had been received by
then, and it is dated (event) or valid (state) before the as-of Monday. An event that may come without a day, and does, counts from
its receipt.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts import Contract
from winback.contracts.identifiers import name_list, quote_name

_ALWAYS = "DATE '0001-01-01'"
_BOOKKEEPING = ("_file_id", "_line", "_batch", "_superseded_batch")


def core_view_sql(contract: Contract) -> str:
    """SELECT of `core_<input>`: every loaded row, with the day from which a version of a state row holds.

    An undated version holds from the date of its file, except the first one received of its key, which holds from the start.
    """
    raw = quote_name("raw_" + contract.name)
    if contract.kind != "state":
        return f"SELECT {name_list(contract.columns)}, {name_list(_BOOKKEEPING)} FROM {raw}"
    columns = tuple(c for c in contract.columns if c != "valid_from_on")
    entity = name_list(entity_key(contract))
    is_first = f"rank() OVER (PARTITION BY {entity} ORDER BY _batch, _file_on) = 1"
    valid_from = f"CASE WHEN valid_from_on IS NOT NULL THEN valid_from_on WHEN {is_first} THEN {_ALWAYS} ELSE _file_on END"
    return (
        f"SELECT {name_list(columns)}, {valid_from} AS valid_from_on, coalesce(valid_from_on, _file_on) AS _stated_on, "
        f"_confirmed_on, _confirmed_batch, {name_list(_BOOKKEEPING)} FROM {raw}"
    )


def evidence_day(before: str, batch_cutoff: str) -> str:
    """SQL of the latest day before `before` on which a version in a core view was stated or confirmed.

    `before` and `batch_cutoff` are SQL of a date and of the last batch that counts. A version that holds from the start and
    was stated later counts from the start.
    """
    stated = f"CASE WHEN _stated_on < {before} THEN _stated_on ELSE valid_from_on END"
    counts = f"_confirmed_on < {before} AND _confirmed_batch <= {batch_cutoff}"
    confirmed = f"CASE WHEN {counts} THEN _confirmed_on ELSE valid_from_on END"
    return f"greatest({stated}, {confirmed})"


@dataclass(frozen=True)
class WeekSql:
    """SQL of what a view asks of the week: read off `core_week`, or written out as constants.

    Of constants DuckDB knows how many rows they leave, and so which side of a join to keep in memory.
    """

    as_of_on: str = "(SELECT as_of_on FROM core_week)"
    batch_cutoff: str = "(SELECT batch_cutoff FROM core_week)"


OF_CORE_WEEK = WeekSql()


def as_of_view_sql(contract: Contract, week: WeekSql = OF_CORE_WEEK) -> str:
    """SELECT of `asof_<input>`: the rows of `core_<input>` that count for the week."""
    core = quote_name("core_" + contract.name)
    known = f"_batch <= {week.batch_cutoff} AND (_superseded_batch IS NULL OR _superseded_batch > {week.batch_cutoff})"
    if contract.kind == "state":
        entity = name_list(entity_key(contract))
        evidence = evidence_day(week.as_of_on, week.batch_cutoff)
        # The day of evidence is a column of its own, since Spark engines plan no subqueries inside a window's order.
        known_versions = (
            f"SELECT *, {evidence} AS _evidence_on FROM {core} WHERE {known} AND valid_from_on < {week.as_of_on}"
        )
        ranked = (
            f"SELECT *, row_number() OVER (PARTITION BY {entity} ORDER BY _evidence_on DESC, _batch DESC, "
            f"{_content_order(contract)}) AS _version FROM ({known_versions}) AS known_versions"
        )
        return f"SELECT {name_list(contract.columns)} FROM ({ranked}) AS versions WHERE _version = 1"
    condition = known
    if contract.event_date is not None:
        day = quote_name(contract.event_date.name)
        undated = "" if contract.event_date.is_required else f"{day} IS NULL OR "
        condition += f" AND ({undated}{day} < {week.as_of_on})"
    return f"SELECT * FROM {core} WHERE {condition}"


def entity_key(contract: Contract) -> tuple[str, ...]:
    """The key of the thing a state row is a version of: the contract's key without the day it is valid from."""
    return tuple(c for c in contract.key if c != "valid_from_on")


def _content_order(contract: Contract) -> str:
    columns = [c for c in contract.columns if c != "valid_from_on"]
    return ", ".join(f"{quote_name(c)} DESC NULLS LAST" for c in columns)
