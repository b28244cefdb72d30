"""Faults planted in a computed week's tables leave the bands around the week before; an ordinary week does not."""

from collections.abc import Iterator

import duckdb
import pytest

from sql import queries
from tests.publication.output_rows import LAST_MONDAY, MONDAY, add, week_tables
from winback.config import OutputGateSettings
from winback.publication.output_bands import compare_figures

FIGURES = queries()["out_figures"].text
MARKET = """
INSERT INTO core_lapses (account_id, last_spend_on) SELECT concat('a', n), DATE '2025-10-01' FROM range(600) AS t(n);
INSERT INTO ledger_lapses (account_id, last_spend_on, lapsed_on, lapse_basis, week_on)
    SELECT concat('a', n), DATE '2025-10-01', DATE '2025-12-01', 'silence', DATE '2026-02-16' FROM range(570) AS t(n);
INSERT INTO plan_candidates (account_id, rep_id, value_at_stake_amount, return_prob, cause)
    SELECT concat('a', n), concat('r', n % 10), 100 + n % 50, 0.2 + (n % 7) / 50, CASE WHEN n % 20 = 0 THEN 'no_consent' END
    FROM range(600) AS t(n);
INSERT INTO score_reasons (account_id, primary_code, likeliest_code, is_abstained)
    SELECT concat('a', n), CASE WHEN n % 4 = 0 THEN '1a' END, CASE WHEN n % 3 = 0 THEN '1a' ELSE '2c' END, n % 4 > 0
    FROM range(600) AS t(n);
INSERT INTO plan_assignments (account_id, assignment) SELECT concat('a', n), 'treated' FROM range(500) AS t(n);
INSERT INTO core_treatments (account_id, week_on, assignment, is_delivered)
    SELECT concat('a', n), DATE '2026-02-23', 'treated', false FROM range(200) AS t(n);
INSERT INTO asof_accounts (account_id, region)
    SELECT concat('b', n), CASE WHEN n < 300 THEN 'north' ELSE 'south' END FROM range(900) AS t(n);
INSERT INTO core_purchase_days (account_id, spent_on, purchase_no)
    SELECT concat('b', n), DATE '2026-03-01' - CAST(d AS INTEGER), d FROM range(900) AS t(n), range(63) AS days(d)
    WHERE (n + d) % 20 = 0;
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = week_tables()
    add(connection, "core_week", as_of_on=MONDAY)
    connection.execute(MARKET)
    connection.execute(
        f"INSERT INTO ledger_output_figures BY NAME SELECT * REPLACE (DATE '{LAST_MONDAY}' AS week_on), 1 AS revision "
        f"FROM ({FIGURES})"
    )
    yield connection
    connection.close()


def outside(con: duckdb.DuckDBPyConnection, planted: str) -> set[str]:
    con.execute(planted)
    con.execute(f"INSERT INTO out_figures BY NAME {FIGURES}")
    compared = compare_figures(con, (LAST_MONDAY, 1), MONDAY, OutputGateSettings())
    assert len(compared) > 15
    return {f"{c.band.figure} {c.group_name}" for c in compared if not c.is_held}


PLANTED = {
    "half the week's spend of a region missing": (
        "DELETE FROM core_purchase_days WHERE spent_on > DATE '2026-02-22' AND account_id IN "
        "(SELECT account_id FROM asof_accounts WHERE region = 'north' AND CAST(substr(account_id, 2) AS INTEGER) % 2 = 0)",
        "region_purchase_share north",
    ),
    "all reasons unknown": (
        "UPDATE score_reasons SET is_abstained = true, primary_code = NULL",
        "unknown_reason_share all",
    ),
    "no reasons at all": ("DELETE FROM score_reasons", "reason_family_share 1"),
    "a representative's accounts gone": (
        "DELETE FROM core_lapses WHERE account_id IN (SELECT account_id FROM plan_candidates WHERE rep_id = 'r3')",
        "rep_share r3",
    ),
    "a representative's accounts with nobody": (
        "UPDATE plan_candidates SET rep_id = NULL WHERE rep_id = 'r3'",
        "rep_share r3",
    ),
    "the value column times 100": (
        "UPDATE plan_candidates SET value_at_stake_amount = 100 * value_at_stake_amount",
        "value_at_stake all",
    ),
    "no chances": ("UPDATE plan_candidates SET return_prob = NULL", "mean_return_prob all"),
    "a fifth more accounts lapsed": (
        "INSERT INTO core_lapses (account_id, last_spend_on) SELECT concat('n', n), DATE '2025-12-01' FROM range(120) AS t(n)",
        "n_newly_lapsed all",
    ),
    "a tenth of the last list gone": (
        "DELETE FROM core_lapses WHERE CAST(substr(account_id, 2) AS INTEGER) < 20",
        "vanished_share all",
    ),
    "consent lost": ("UPDATE plan_candidates SET cause = 'no_consent'", "barred_share all"),
    "a plan of ten rows": ("DELETE FROM plan_assignments WHERE length(account_id) > 2", "plan_fill_share all"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(con, name: str) -> None:
    planted, expected = PLANTED[name]
    assert expected in outside(con, planted)


def test_an_ordinary_week_lies_in_every_band(con) -> None:
    assert outside(con, "SELECT 1") == set()


def test_a_week_with_some_come_back_and_some_lapsed_anew_lies_in_every_band(con) -> None:
    back = "account_id IN ('a3', 'a44', 'a121', 'a300', 'a410', 'a555', 'a9', 'a77', 'a150', 'a199', 'a204', 'a260')"
    changed = (
        f"DELETE FROM core_lapses WHERE {back}; UPDATE core_treatments SET returned_on = DATE '2026-02-25' WHERE {back}; "
        "INSERT INTO core_lapses (account_id, last_spend_on) SELECT concat('n', n), DATE '2025-12-01' FROM range(18) AS t(n); "
        "INSERT INTO plan_candidates (account_id, rep_id, value_at_stake_amount, return_prob) "
        "SELECT concat('n', n), concat('r', n % 7), 300, 0.4 FROM range(18) AS t(n); "
        "INSERT INTO score_reasons (account_id, primary_code, likeliest_code, is_abstained) "
        "SELECT concat('n', n), '4', '4', false FROM range(18) AS t(n); "
        "DELETE FROM plan_assignments WHERE substr(account_id, 3) = '9'"
    )
    assert outside(con, changed) == set()
