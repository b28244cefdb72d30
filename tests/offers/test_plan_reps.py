"""Who can serve an account."""

import duckdb
import pytest
from offer_rows import account, make, make_options, put


def rep(con: duckdb.DuckDBPyConnection, name: str, **columns: object) -> None:
    put(con, "asof_reps", {"rep_id": name} | columns)


def reps_of(con: duckdb.DuckDBPyConnection, account_id: str = "a") -> list[tuple[str, bool, float]]:
    make_options(con)
    make(con, "plan_reps")
    found = con.execute(
        "SELECT rep_id, is_own, rep_fit FROM plan_reps WHERE account_id = ? ORDER BY rep_fit DESC", [account_id]
    )
    return [(row[0], row[1], row[2]) for row in found.fetchall()]


def test_without_reps_the_default_one(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", rep_id="default")
    assert reps_of(week) == [("default", True, 1.0)]


@pytest.mark.parametrize(
    ("other", "can_serve"),
    [
        ({}, True),  # nothing delivered shuts nobody out
        ({"languages": "en; zh", "channels": "visit;phone", "contact_levels": "manager;executive", "is_active": True}, True),
        ({"languages": "en"}, False),
        ({"channels": "visit;mail"}, False),  # the play of 1b begins on the phone
        ({"contact_levels": "front_line"}, False),
        ({"is_active": False}, False),
        ({"branch": "elsewhere"}, False),
    ],
)
def test_one_other_who_fits(week, other, can_serve) -> None:
    account(week, "a", branch="here", language="zh-Hans")
    put(week, "asof_people", {"person_id": "p", "account_id": "a", "is_decision_maker": True, "contact_level": "executive"})
    put(week, "asof_people", {"person_id": "o", "account_id": "a", "contact_level": "front_line"})
    rep(week, "own", branch="here", languages="en", channels="mail")
    rep(week, "other", **({"branch": "here"} | other))
    expected = [("own", True, 1.0), ("other", False, 0.8)]
    assert reps_of(week) == (expected if can_serve else expected[:1])


def test_rather_one_whom_the_account_has_met(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    for name in ("own", "r1", "r2", "r3", "r4"):
        rep(week, name)
    put(week, "asof_touchpoints", {"account_id": "a", "touched_on": "2025-03-02", "channel": "phone", "rep_id": "r3"})
    put(week, "asof_touchpoints", {"account_id": "a", "touched_on": "2025-03-01", "channel": "phone", "rep_id": "r1"})
    assert reps_of(week) == [("own", True, 1.0), ("r3", False, 0.9)]


def test_an_account_without_an_active_rep_of_its_own_is_served_by_another(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", rep_id=None, branch="here")
    account(week, "b", rep_id="gone")  # its branch is its rep's
    rep(week, "gone", branch="here", is_active=False)
    rep(week, "r", branch="here")
    assert reps_of(week) == [("r", False, 0.8)]
    assert reps_of(week, "b") == [("r", False, 0.8)]


def test_nobody_goes_unserved_for_want_of_the_channel(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", rep_id=None, language="en")
    rep(week, "mail", languages="en", channels="mail")
    assert reps_of(week) == [("mail", False, 0.8)]
    rep(week, "phone", languages="en", channels="phone")
    assert reps_of(week) == [("phone", False, 0.8)]
    rep(week, "speaks zh", languages="zh", channels="phone")
    assert reps_of(week) == [("phone", False, 0.8)]


def test_accounts_spread_over_the_others_and_few_move_when_one_comes(week: duckdb.DuckDBPyConnection) -> None:
    names = [f"a{n}" for n in range(40)]
    week.execute("BEGIN")
    for name in names:
        account(week, name)
    week.execute("COMMIT")
    for name in ("own", "r1", "r2", "r3"):
        rep(week, name)

    def others() -> dict[str, str]:
        make_options(week)
        make(week, "plan_reps")
        return dict(week.execute("SELECT account_id, rep_id FROM plan_reps WHERE NOT is_own").fetchall())

    before = others()
    loads = [list(before.values()).count(r) for r in ("r1", "r2", "r3")]
    assert (len(before), sum(loads)) == (40, 40)
    assert min(loads) >= 7
    rep(week, "r4")
    after = others()
    assert {after[name] for name in names if after[name] != before[name]} == {"r4"}
