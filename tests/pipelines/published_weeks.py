"""A published week as people hold it, and what had been received when it was run.

Belongs here: reading the delivered files and the raw rows. Does not belong here: what must hold of them (`week_checks`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from data_contracts import Contract, load_contract
from winback.config import Settings
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.file_names import is_promises_file

_TYPES = {"integer": pl.Int64, "decimal": pl.Float64, "double": pl.Float64}
_PLAN = """
SELECT plan_assignments.*, plan_options.arm_no
FROM plan_assignments
LEFT JOIN plan_options
    ON plan_assignments.account_id = plan_options.account_id AND plan_assignments.play_id = plan_options.play_id
    AND plan_assignments.offer_id IS NOT DISTINCT FROM plan_options.offer_id
"""


@dataclass(frozen=True)
class PublishedWeek:
    """A week as it was published: every list in one frame, who is on none, open promises, and the lot of everybody in the plan."""

    week_on: date
    lists: pl.DataFrame
    rest: pl.DataFrame
    promises: pl.DataFrame
    plan: pl.DataFrame
    lapsed: pl.DataFrame
    chosen: int
    batch_cutoff: int


def read_published(folder: Path) -> PublishedWeek:
    """The week in `published/<week>-r<n>`."""
    playbooks = folder / "playbooks"
    manifest = json.loads((playbooks / "manifest.json").read_text("utf-8"))
    lists = [p for p in sorted(playbooks.glob("rep_*.csv")) if not is_promises_file(p.name)]
    promises = [p for p in sorted(playbooks.glob("rep_*.csv")) if is_promises_file(p.name)]
    with duckdb.connect(str(folder / "winback.duckdb"), read_only=True) as con:
        plan, lapsed = (con.sql(query).pl() for query in (_PLAN, "FROM core_lapses"))
        cutoff = con.execute("SELECT batch_cutoff FROM core_week").fetchall()[0][0]
    return PublishedWeek(
        week_on=date.fromisoformat(manifest["week"]),
        lists=_together(lists, "out_playbook"),
        rest=_together([playbooks / "not_this_week.csv"], "out_not_this_week"),
        promises=_together(promises, "out_promises"),
        plan=plan,
        lapsed=lapsed,
        chosen=manifest["chosen"],
        batch_cutoff=cutoff,
    )


def _together(paths: Sequence[Path], table: str) -> pl.DataFrame:
    contract = load_contract(table)
    frames = [typed(read_csv_bytes(path.read_bytes(), contract), contract) for path in paths]
    return pl.concat(frames) if frames else typed(pl.DataFrame(schema=dict.fromkeys(contract.columns, pl.String)), contract)


def typed(cells: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Text cells as the contract's types; a cell that is none is an error."""
    dates = [f.name for f in contract.fields if f.type == "date"]
    numbers = {f.name: _TYPES[f.type] for f in contract.fields if f.type in _TYPES}
    return cells.with_columns(pl.col(dates).str.to_date(), *(pl.col(c).cast(t) for c, t in numbers.items()))


@dataclass(frozen=True)
class Known:
    """What had been received when a week was run, straight from the raw rows of the warehouse."""

    con: duckdb.DuckDBPyConnection
    week: PublishedWeek
    settings: Settings

    def rows(self, table: str) -> pl.DataFrame:
        """Rows received by the week's cutoff that no later version had replaced by then."""
        cutoff = self.week.batch_cutoff
        return self.con.sql(
            f"FROM raw_{table} WHERE _batch <= {cutoff} AND (_superseded_batch IS NULL OR _superseded_batch > {cutoff})"
        ).pl()

    def newest(self, table: str, key: str) -> pl.DataFrame:
        """The version of every row of a state table that was received last."""
        stated = pl.coalesce("valid_from_on", "_file_on").alias("_stated_on")
        rows = self.rows(table).with_columns(stated).sort("_batch", "_stated_on", "_file_id", "_line")
        return rows.unique(key, keep="last", maintain_order=True)

    @cached_property
    def purchases(self) -> pl.DataFrame:
        """Account and day of counted spend before the week; what was due and not paid is none, unless it grants cover."""
        week_on = self.week.week_on
        unpaid = (pl.col("due_on") < week_on) & (pl.col("paid_on").is_null() | (pl.col("paid_on") >= week_on))
        is_open = unpaid.fill_null(value=False) & pl.col("paid_through_on").is_null()
        counted = pl.col("kind").is_in(self.settings.lapse.value_kinds) & (pl.col("spent_on") < week_on) & ~is_open
        return self.rows("spend").filter(counted).select("account_id", "spent_on").unique()

    @cached_property
    def outcomes(self) -> pl.DataFrame:
        return self.rows("outcomes")

    def contacts(self, past: pl.DataFrame) -> pl.DataFrame:
        """Account and day of our contacts before the week: calls out, and worked rows of earlier lists."""
        calls = self.rows("touchpoints").filter(pl.col("direction") == "out").select("account_id", day="touched_on")
        is_worked = pl.col("worked_on").is_not_null() & (pl.col("result").fill_null("") != "not_worked")
        worked = self.outcomes.filter(is_worked).join(past, on="row_key").select("account_id", day="worked_on")
        return pl.concat([calls, worked]).filter(pl.col("day") < self.week.week_on).unique()
