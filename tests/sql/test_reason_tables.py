"""SQL of notes, picks, lapse and market on a few rows, with the expected result beside them."""

import duckdb
from feature_rows import accounts, features, lapse, make, make_accounts, put, spend

from winback.contracts.tables import replace_from_frame
from winback.reasons.taxonomy import complaint_type_table


def lapsed(week: duckdb.DuckDBPyConnection, *names: str) -> None:
    accounts(week, *names)
    for name in names:
        spend(week, name, ("2025-12-01", "x"))
    make_accounts(week)
    for name in names:
        lapse(week, name, "2026-01-01")


def contact(week: duckdb.DuckDBPyConnection, account: str, day: str, **columns: object) -> None:
    put(week, "asof_touchpoints", {"account_id": account, "touched_on": day, "channel": "phone", **columns})


def test_notes_that_may_tell_why_an_account_left(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "a")
    accounts(week, "active")
    for day, columns in (
        ("2025-10-16", {"note_text": "too early: more than 45 days before the last purchase"}),
        ("2025-10-17", {"note_text": "first day that counts", "touchpoint_id": "T1"}),
        ("2026-02-01", {"note_text": "after the lapse", "kind": "sales", "touchpoint_id": "T2"}),
        ("2026-02-01", {"note_text": "after the lapse", "kind": "sales", "touchpoint_id": "T3"}),
        ("2026-02-02", {"note_text": "payment notice", "kind": "renewal_reminder"}),
        ("2026-02-02", {"note_text": "sent the circular", "kind": "notice"}),
        ("2026-02-02", {"kind": "care"}),
    ):
        contact(week, "a", day, **columns)
    contact(week, "active", "2026-02-01", note_text="of an account that has not lapsed")
    make(week, "core_lapse_notes")
    found = week.execute(
        "SELECT touched_on::VARCHAR, touchpoint_id, kind, after_lapse_days FROM core_lapse_notes ORDER BY 1"
    ).fetchall()
    assert found == [("2025-10-17", "T1", "other", -76), ("2026-02-01", "T2", "sales", 31)]


def test_picks_belong_to_the_lapse_they_were_made_in(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "a")
    for key, week_on in (("ROLD0001", "2025-11-03"), ("RNEW0001", "2026-02-02"), ("RFAM0001", "2026-02-09")):
        put(
            week,
            "ledger_assignments",
            {"row_key": key, "account_id": "a", "week_on": week_on, "revision": 1, "rep_id": "r", "play_id": "p",
             "assignment": "treated", "assignment_prob": 1},
        )  # fmt: skip
    for key, code in (("ROLD0001", "1a"), ("RNEW0001", "4"), ("RFAM0001", "1")):
        put(week, "asof_outcomes", {"row_key": key, "worked_on": "2026-02-20", "true_reason_code": code})
    make(week, "core_past_assignments", "core_reason_picks")
    assert week.execute("SELECT row_key, reason_code FROM core_reason_picks").fetchall() == [("RNEW0001", "4")]


def test_what_happened_before_the_lapse(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "a", "b")
    replace_from_frame(week, "core_complaint_types", complaint_type_table())
    for day, columns in (
        ("2025-06-03", {"direction": "in"}),  # more than 180 days before the last purchase
        ("2025-06-04", {"direction": "in", "complaint_type": "Price"}),
        ("2025-09-01", {"direction": "out"}),  # our calls count from 90 days before
        ("2025-09-02", {"direction": "out"}),
        ("2025-12-31", {"direction": "out"}),
        ("2026-01-01", {"direction": "out"}),  # on the lapse
        ("2025-12-05", {"direction": "in", "complaint_type": "metering"}),
        ("2025-12-05", {"direction": "in", "complaint_type": "bad_manner", "promise_due_on": "2025-12-10"}),
        ("2025-12-06", {"direction": "in", "promise_due_on": "2025-12-10", "promise_done_on": "2025-12-10"}),
    ):
        contact(week, "a", day, **columns)
    for kind in ("cut", "renamed", "ownership_change", "suspended"):
        put(week, "asof_account_events", {"account_id": "a", "event_on": "2025-12-20", "kind": kind})
    make(week, "feat_service")
    columns = (
        "n_contacts_in_before, n_calls_before, n_price_complaints, n_metering_complaints, n_service_complaints, "
        "n_promises_broken_before, n_cuts_before, n_identity_changes_before, n_suspensions_before"
    )
    assert features(week, "feat_lapse", columns) == {
        "a": (4, 2, 1, 1, 1, 1, 1, 2, 1),
        "b": (0, 0, 0, 0, 0, 0, 0, 0, 0),
    }


def test_a_silent_sufferer_met_trouble_and_never_complained(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "silent", "loud", "lucky")
    put(week, "asof_service_standards", {"standard_id": "s", "kind": "repair", "limit_days": 1})
    for name in ("silent", "loud"):
        put(
            week, "asof_service_events",
            {"account_id": name, "reported_on": "2025-12-01", "done_on": "2025-12-09", "kind": "repair", "standard_id": "s"},
        )  # fmt: skip
    contact(week, "loud", "2025-12-08", kind="complaint")
    make(week, "feat_service")
    found = features(week, "feat_lapse", "is_silent_sufferer")
    assert found == {"silent": (True,), "loud": (False,), "lucky": (False,)}


def test_nothing_delivered_says_nothing(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "a")
    make(week, "feat_service")
    columns = "n_contacts_in_before, n_price_complaints, n_promises_broken_before, n_cuts_before, is_silent_sufferer"
    assert features(week, "feat_lapse", columns) == {"a": (None,) * 5}


def test_a_season_is_a_share_of_the_month_over_the_share_of_the_year(week: duckdb.DuckDBPyConnection) -> None:
    put(week, "asof_accounts", {"account_id": "toys", "business_kind": "toys", "region": "r"})
    put(week, "asof_accounts", {"account_id": "food", "business_kind": "food", "region": "r"})
    for month in range(1, 13):
        for day in range(1, 26):
            spend(week, "food", (f"2025-{month:02d}-{day:02d}", "x"))
        for day in range(1, 26 if month == 12 else 16):
            spend(week, "toys", (f"2025-{month:02d}-{day:02d}", "x"))
    make_accounts(week)
    lapse(week, "toys", "2026-02-01")
    # food in March: 25 of 40 purchase days, of all months 300 of 490; toys have fewer than 200 days in all
    assert features(week, "feat_market", "season_ratio") == {"food": (round((25 / 40) / (300 / 490), 6),), "toys": (None,)}


def test_peers_that_left_as_well(week: duckdb.DuckDBPyConnection) -> None:
    lapsed(week, "a", "b", "c", "d", "e")
    assert features(week, "feat_market", "n_market_peers, lapsed_peers_share")["a"] == (5, 1.0)
    accounts(week, "f", region="elsewhere")
    spend(week, "f", ("2025-12-01", "x"))
    make_accounts(week)
    assert features(week, "feat_market", "n_market_peers, lapsed_peers_share")["f"] == (1, None)
