"""What every week that goes out must keep, whatever anybody accepts.

Belongs here: the rules (`output_rules.yaml`), those that need Python, and finding the rows that break them. Does not belong here:
figures that are merely unusual (`winback.publication.output_bands`), or what happens to a week that breaks a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import duckdb
import polars as pl
import yaml

from data_contracts import load_contract
from winback.contracts.identifiers import quote_name, quote_text
from winback.privacy.suppression import Suppression

DELIVERED = ("out_playbook", "out_not_this_week", "out_promises", "out_manager", "out_sponsor")
"""Tables that are handed out as files."""
_IDS = ("account_id", "person_id")


@dataclass(frozen=True)
class OutputRule:
    """A rule: its name, what it says, and a query of the rows that break it."""

    name: str
    words: str
    query: str


@dataclass(frozen=True)
class Breach:
    """A rule with the rows that break it, none if it is kept."""

    name: str
    words: str
    rows: pl.DataFrame


@cache
def output_rules() -> tuple[OutputRule, ...]:
    """The rules as written, and one of required values over all tables that are handed out."""
    text = (resources.files("winback.publication") / "output_rules.yaml").read_text(encoding="utf-8")
    written = [OutputRule(**entry) for entry in yaml.safe_load(text)]
    return (*written, OutputRule("required_values", "No value that must be there is missing.", _missing_values()))


def breaches(
    con: duckdb.DuckDBPyConnection, parameters: Mapping[str, int], suppression: Suppression | None
) -> Iterator[Breach]:
    """Every rule with the rows of the computed week that break it, in a total order.

    `parameters`: default_weekly_minutes. `suppression`: who was erased and must not come back, None while nobody was.
    """
    for rule in output_rules():
        with con.cursor() as cursor:
            used = {name: value for name, value in parameters.items() if f"${name}" in rule.query}
            rows = cursor.sql(f"SELECT * FROM ({rule.query}) AS broken ORDER BY ALL", params=used).pl()
        yield Breach(rule.name, rule.words, rows)
    yield _erased(con, suppression)


def _missing_values() -> str:
    """A query of all columns of delivered tables that miss values which their contracts require."""
    counts = [
        f"SELECT {quote_text(table)} AS table_name, {quote_text(field.name)} AS column_name, count(*) AS n_missing "
        f"FROM {quote_name(table)} WHERE {quote_name(field.name)} IS NULL"
        for table in DELIVERED
        for field in load_contract(table).fields
        if field.is_required
    ]
    return f"SELECT * FROM ({' UNION ALL '.join(counts)}) AS counted WHERE n_missing > 0"


def _erased(con: duckdb.DuckDBPyConnection, suppression: Suppression | None) -> Breach:
    """Listed accounts and addressed persons that were erased; told by row key, since their ids must not be written down again."""
    with con.cursor() as cursor:
        listed = cursor.sql(
            "SELECT rows.row_key, rows.account_id, people.person_id FROM out_playbook AS rows "
            "LEFT JOIN out_contacts AS people ON rows.row_key = people.row_key ORDER BY rows.row_key"
        ).pl()
    is_erased = pl.any_horizontal(pl.col(name).is_in(_held(suppression, name, listed[name])) for name in _IDS)
    return Breach("erased", "Nobody is on a list who was erased.", listed.filter(is_erased).select("row_key"))


def _held(suppression: Suppression | None, column: str, ids: pl.Series) -> list[str]:
    """Those of the identifiers that are to be kept out."""
    return [value for value in ids.drop_nulls().unique() if suppression is not None and suppression.holds(column, value)]
