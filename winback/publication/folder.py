"""What a published week holds, as bytes.

Belongs here: the deliveries of a week, its manifest, and the database that readers open. Does not belong here: where on
disk it goes and how it becomes current (assets).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from data_contracts import Contract, load_contract
from winback.config import Settings
from winback.contracts.identifiers import name_list, quote_name, quote_text
from winback.contracts.tables import count_rows, read_table
from winback.offers.sponsor import sponsor_reports
from winback.pages.deliveries import page_files
from winback.pages.manager_sections import ManagerSection
from winback.playbook.csv_file import csv_bytes, csv_bytes_by
from winback.playbook.file_names import promises_file_name, rep_file_name
from winback.publication.week_ledger import Week

READER_TABLES = (
    "core_week",
    "core_lapse_thresholds",
    "core_spells",
    "core_lapses",
    "core_plays",
    "core_play_steps",
    "core_treatments",
    "model_return_curves",
    "model_return_time",
    "model_second_lifetime",
    "model_at_risk",
    "model_propensity",
    "model_uplift",
    "score_return_time",
    "score_return_timing",
    "score_notes",
    "score_reasons",
    "score_at_risk",
    "score_open_issues",
    "score_second_lifetime",
    "score_value",
    "score_propensity",
    "score_uplift",
    "score_net_value",
    "score_drivers",
    "plan_candidates",
    "plan_offer_fits",
    "plan_options",
    "plan_reps",
    "plan_assignments",
    "plan_summary",
    "out_words",
    "out_playbook",
    "out_not_this_week",
    "out_promises",
    "out_sponsor",
    "out_manager",
    "track_reason_mix",
    "track_units",
    "track_returns",
    "track_effect",
    "track_policy_value",
    "track_recovery",
    "track_regained",
    "track_reps",
)
"""Tables of the published database, each without its personal columns."""


@dataclass(frozen=True)
class Delivery:
    """One delivered file: its bytes, and its number of rows where it is a table of this week."""

    data: bytes
    n_rows: int | None


def deliveries(
    con: duckdb.DuckDBPyConnection, settings: Settings, sections: tuple[ManagerSection, ...]
) -> dict[str, Delivery]:
    """The week's files by name.

    Per representative a list, a page, and the promises they have not kept; the accounts that are on no list; the manager's
    figures and page, of the week's `sections`; files for CRM systems; one per sponsor.
    """
    files = _lists(con, settings) | _promises(con, settings)
    rest = read_table(con, "out_not_this_week").sort("value_at_stake_amount", "account_id", descending=[True, False])
    files["not_this_week.csv"] = _csv(rest, load_contract("out_not_this_week"), settings)
    sponsor = load_contract("out_sponsor")
    files |= {n: _csv(rows, sponsor, settings) for n, rows in sponsor_reports(read_table(con, "out_sponsor")).items()}
    files |= {name: Delivery(data, None) for name, data in page_files(con, settings, sections).items()}
    return dict(sorted(files.items()))


def _lists(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Delivery]:
    playbook, contract = read_table(con, "out_playbook"), load_contract("out_playbook")
    files = _by_rep(playbook.sort("rep_id", "rank"), contract, settings, rep_file_name)
    for rep_id in _reps_without_rows(con, playbook):
        files[rep_file_name(rep_id)] = _csv(playbook.clear(), contract, settings)
    return files


def _promises(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Delivery]:
    promises, contract = read_table(con, "out_promises"), load_contract("out_promises")
    ordered = promises.sort("promise_due_on", "row_key", nulls_last=True)
    return _by_rep(ordered, contract, settings, promises_file_name)


def _by_rep(
    rows: pl.DataFrame, contract: Contract, settings: Settings, file_name: Callable[[str], str]
) -> dict[str, Delivery]:
    """A file for each representative in `rows`, which keep their order."""
    workspace = settings.workspace
    files = csv_bytes_by("rep_id", rows, contract, language=workspace.language, phone_region=workspace.phone_region)
    return {file_name(rep_id): Delivery(*file) for rep_id, file in files.items()}


def manifest(con: duckdb.DuckDBPyConnection, week: Week, files: dict[str, Delivery], settings: Settings) -> bytes:
    """The manifest as JSON: SHA-256 of every delivery, its rows where it is a table, and rows of every published table."""
    causes = dict(con.execute("SELECT cause, count(*) FROM out_not_this_week GROUP BY cause ORDER BY cause").fetchall())
    document = {
        "week": week.week_on.isoformat(),
        "revision": week.revision,
        "simulated": settings.workspace.is_simulated,
        "accepted_reason": week.accepted_reason,
        "files": {
            name: {"rows": file.n_rows, "sha256": hashlib.sha256(file.data).hexdigest()} for name, file in files.items()
        },
        "tables": {table: count_rows(con, table) for table in READER_TABLES},
        "lapsed": count_rows(con, "core_lapses"),
        "chosen": count_rows(con, "out_playbook"),
        "not_chosen": causes,
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def write_reader_database(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the published DuckDB file: the week's tables without names, phones, mails, notes or any other personal text."""
    con.execute(f"ATTACH {quote_text(str(path))} AS reader")
    try:
        for table in READER_TABLES:
            columns = tuple(f.name for f in load_contract(table).fields if f.personal is None)
            con.execute(f"CREATE TABLE reader.{quote_name(table)} AS SELECT {name_list(columns)} FROM {quote_name(table)}")
    finally:
        con.execute("DETACH reader")


def _csv(rows: pl.DataFrame, contract: Contract, settings: Settings) -> Delivery:
    workspace = settings.workspace
    data = csv_bytes(rows, contract, language=workspace.language, phone_region=workspace.phone_region)
    return Delivery(data, rows.height)


def _reps_without_rows(con: duckdb.DuckDBPyConnection, playbook: pl.DataFrame) -> list[str]:
    """Active representatives with nothing to do this week: they get an empty list rather than none."""
    rows = con.execute("SELECT rep_id FROM asof_reps WHERE coalesce(is_active, true) ORDER BY rep_id").fetchall()
    return sorted({str(r[0]) for r in rows} - set(playbook["rep_id"]))
