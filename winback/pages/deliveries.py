"""The week's pages and import files, by file name.

Belongs here: which files there are and what they are called. Does not belong here: their content, where they go
(`winback.publication.folder`).
"""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from data_contracts import load_contract
from winback.config import Settings
from winback.contracts.tables import read_table
from winback.crm.import_file import import_file
from winback.crm.systems import load_systems
from winback.pages.manager_page import manager_page
from winback.pages.manager_rows import manager_rows
from winback.pages.manager_sections import ManagerSection, manager_sections
from winback.pages.rep_page import rep_page
from winback.playbook.csv_file import csv_bytes
from winback.playbook.file_names import rep_file_name
from winback.sheet.build import account_sheets


def page_files(con: duckdb.DuckDBPyConnection, settings: Settings, sections: tuple[ManagerSection, ...]) -> dict[str, bytes]:
    """All pages and import files of the week the connection stands at: the same week gives the same bytes.

    `rep_<…>.html` beside each representative's CSV (personal data, for that representative alone), `manager.html` and
    `manager.csv`, and `crm_<system>.csv`; the last three kinds hold no personal column. `sections` are those
    of `week_sections`.
    """
    return dict(sorted((rep_pages(con, settings) | manager_files(con, settings, sections) | crm_files(con)).items()))


def rep_pages(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, bytes]:
    """One page per active or listed representative."""
    listed = con.execute("SELECT rep_id, account_id FROM out_playbook ORDER BY rep_id, rank").fetchall()
    active = con.execute("SELECT rep_id FROM asof_reps WHERE coalesce(is_active, true)").fetchall()
    accounts: dict[str, list[str]] = {str(rep_id): [] for (rep_id,) in active}
    for rep_id, account_id in listed:
        accounts.setdefault(str(rep_id), []).append(account_id)
    sheets = account_sheets(con, [account_id for _, account_id in listed])
    workspace, week_on = settings.workspace, _week_on(con)
    return {
        rep_file_name(rep_id).removesuffix(".csv") + ".html": rep_page(
            [sheets[account_id] for account_id in ids],
            rep_id=rep_id,
            week_on=week_on,
            language=workspace.language,
            is_simulated=workspace.is_simulated,
        )
        for rep_id, ids in sorted(accounts.items())
    }


def manager_files(
    con: duckdb.DuckDBPyConnection, settings: Settings, sections: tuple[ManagerSection, ...]
) -> dict[str, bytes]:
    """`manager.html` of the week's `week_sections`, and `manager.csv` from `out_manager`."""
    workspace = settings.workspace
    page = manager_page(
        sections,
        week_on=_week_on(con),
        language=workspace.language,
        is_simulated=workspace.is_simulated,
    )
    rows, contract = read_table(con, "out_manager").sort("figure_no"), load_contract("out_manager")
    table = csv_bytes(rows, contract, language=workspace.language, phone_region=workspace.phone_region)
    return {"manager.html": page, "manager.csv": table}


def manager_figures(
    con: duckdb.DuckDBPyConnection, settings: Settings, sections: tuple[ManagerSection, ...]
) -> pl.DataFrame:
    """Rows of `out_manager` for the week the connection stands at, from its `week_sections`."""
    workspace = settings.workspace
    return manager_rows(sections, week_on=_week_on(con), language=workspace.language, currency=workspace.base_currency)


def crm_files(con: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """`crm_<system>.csv` for every system."""
    rows = read_table(con, "out_playbook")
    return {f"crm_{name}.csv": import_file(rows, system) for name, system in load_systems().items()}


def week_sections(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[ManagerSection, ...]:
    """The sections of the manager's page of the week the connection stands at."""
    return manager_sections(con, default_weekly_minutes=settings.plan.default_weekly_minutes)


def _week_on(con: duckdb.DuckDBPyConnection) -> date:
    row = con.execute("SELECT as_of_on FROM core_week").fetchone()
    if row is None:
        raise LookupError("core_week is empty: pages are made after a week was computed")
    week_on: date = row[0]
    return week_on
