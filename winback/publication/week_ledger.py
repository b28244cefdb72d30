"""The ledger of weeks.

Belongs here: which weeks were run, from which batch of files, and how they ended. Does not belong here: their contents.

A week's batch cutoff is set by its first run and kept, so that a published week never sees what came later. Re-opening a
week gives it a new cutoff and the next revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from data_contracts import load_contract
from winback.contracts.ddl import table_ddl
from winback.contracts.tables import widen_table

_DDL = """
CREATE TABLE IF NOT EXISTS ledger_weeks (
    week_on DATE NOT NULL, revision BIGINT NOT NULL, batch_cutoff BIGINT NOT NULL, state VARCHAR NOT NULL, reason VARCHAR,
    accepted_reason VARCHAR, n_lapsed BIGINT, n_chosen BIGINT, PRIMARY KEY (week_on, revision));
"""


@dataclass(frozen=True)
class Week:
    """One revision of one week: state is running, withheld, failed, published or withdrawn."""

    week_on: date
    revision: int
    batch_cutoff: int
    state: str
    reason: str | None = None
    accepted_reason: str | None = None
    n_lapsed: int | None = None
    n_chosen: int | None = None

    @property
    def folder_name(self) -> str:
        """Name of the week's published folder, such as 1998-07-06-r1."""
        return f"{self.week_on.isoformat()}-r{self.revision}"


def create_week_ledger(con: duckdb.DuckDBPyConnection) -> None:
    """Create the ledgers of weeks, assignments with their options, lapse dates and figures, where they do not exist yet."""
    con.execute(_DDL)
    for contract in map(load_contract, ("ledger_assignments", "ledger_lapses", "ledger_options", "ledger_output_figures")):
        con.execute(table_ddl(contract, keeps_rows=True))
        widen_table(con, contract.name, {field.name: field.sql_type for field in contract.fields})


def find_week(con: duckdb.DuckDBPyConnection, week_on: date) -> Week | None:
    """The latest revision of a week, or None if it was never run."""
    row = con.execute("SELECT * FROM ledger_weeks WHERE week_on = ? ORDER BY revision DESC LIMIT 1", [week_on]).fetchone()
    return Week(*row) if row else None


def all_weeks(con: duckdb.DuckDBPyConnection) -> list[Week]:
    """Every revision of every week, oldest first."""
    return [Week(*row) for row in con.execute("SELECT * FROM ledger_weeks ORDER BY week_on, revision").fetchall()]


def open_week(
    con: duckdb.DuckDBPyConnection, week_on: date, last_batch: int, *, reopen: bool, accepted_reason: str | None
) -> Week:
    """Begin or take up a week.

    A published week keeps its cutoff and revision; one that is not gets the newest files; `reopen` makes a new revision
    of a published one.
    """
    week = find_week(con, week_on)
    if week is not None and week.state == "published" and not reopen:
        return week
    was_out = week is not None and week.state in ("published", "withdrawn")
    revision = 1 if week is None else week.revision + was_out
    accepted = accepted_reason or (week.accepted_reason if week and not was_out else None)
    con.execute(
        "INSERT OR REPLACE INTO ledger_weeks (week_on, revision, batch_cutoff, state, accepted_reason) "
        "VALUES (?, ?, ?, 'running', ?)",
        [week_on, revision, last_batch, accepted],
    )
    return Week(week_on, revision, last_batch, "running", None, accepted)


def close_week(con: duckdb.DuckDBPyConnection, week: Week, state: str, reason: str | None = None) -> None:
    """Record that a week was withheld, failed or withdrawn, and why."""
    con.execute(
        "UPDATE ledger_weeks SET state = ?, reason = ? WHERE week_on = ? AND revision = ?",
        [state, reason, week.week_on, week.revision],
    )


def record_publication(con: duckdb.DuckDBPyConnection, week: Week) -> None:
    """Enter a week's assignments, their options, lapse dates and figures in the ledgers and mark it published.

    Call in a transaction. Rows of an earlier revision that are not in this one stay: they were handed out, and what is written
    back about them counts.
    """
    con.execute(
        "DELETE FROM ledger_assignments WHERE week_on = ? "
        "AND (revision = ? OR assignment = 'holdout' OR row_key IN (SELECT row_key FROM plan_assignments))",
        [week.week_on, week.revision],
    )
    con.execute(
        "INSERT INTO ledger_assignments BY NAME SELECT row_key, account_id, week_on, ? AS revision, rep_id, play_id, "
        "offer_id, assignment, assignment_prob, arm_prob, n_arms, experiment_id FROM plan_assignments",
        [week.revision],
    )
    con.execute("DELETE FROM ledger_options WHERE row_key IN (SELECT row_key FROM plan_assignments)")
    con.execute(
        "INSERT INTO ledger_options BY NAME SELECT assignments.row_key, options.arm_no, options.play_id, options.offer_id, "
        "options.is_rule_choice, options.arm_no = assignments.planned_arm_no AS is_plan_choice, options.offer_cost_amount, "
        "options.minutes FROM plan_assignments AS assignments "
        "JOIN plan_options AS options ON options.account_id = assignments.account_id"
    )
    con.execute(
        "INSERT INTO ledger_lapses BY NAME SELECT account_id, last_spend_on, lapsed_on, "
        "CASE WHEN lapse_basis = 'silence' THEN threshold_days END AS threshold_days, lapse_basis, as_of_on AS week_on "
        "FROM core_lapses AS lapses WHERE NOT EXISTS (FROM ledger_lapses AS known "
        "WHERE known.account_id = lapses.account_id AND known.last_spend_on = lapses.last_spend_on)"
    )
    con.execute("DELETE FROM ledger_output_figures WHERE week_on = ? AND revision = ?", [week.week_on, week.revision])
    con.execute(
        "INSERT INTO ledger_output_figures BY NAME SELECT week_on, ? AS revision, figure, group_name, n_base, value_number "
        "FROM out_figures",
        [week.revision],
    )
    con.execute(
        "UPDATE ledger_weeks SET state = 'published', reason = NULL, n_lapsed = (SELECT count(*) FROM core_lapses), "
        "n_chosen = (SELECT count(*) FROM plan_assignments WHERE assignment <> 'holdout') WHERE week_on = ? AND revision = ?",
        [week.week_on, week.revision],
    )
