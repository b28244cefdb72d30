"""Retention: whatever it removes, every week can be made again from what is left of the archive."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from winback.config import RetentionSettings
from winback.publication.retention import (
    ArchivedFile,
    archive_past,
    archived_files,
    note_removed,
    oldest_kept_week,
    weeks_past,
)
from winback.publication.week_ledger import create_week_ledger

FIRST = date(2024, 1, 1)
MONDAYS = [FIRST + timedelta(days=7 * n) for n in range(1, 6)]
SPEND = "spend_line_id,account_id,spent_on,amount\n"
ACCOUNTS = "account_id,region\n"

lines = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from(["A1", "A2", "A9"]), st.integers(1, 2)), min_size=1, max_size=3
)
batches = st.lists(
    st.fixed_dictionaries({"spend": lines, "accounts": st.sampled_from(["", "A1,n\n", "A1,s\n", "A1,n\nA2,e\n", "A9,n\n"])}),
    min_size=3,
    max_size=4,
)


def texts(batch: dict, n: int) -> dict[str, str]:
    day = MONDAYS[n] - timedelta(days=2)
    files = {f"spend_{day}.csv": SPEND + "".join(f"L{k},{a},{day - timedelta(days=3)},{v}\n" for k, a, v in batch["spend"])}
    return files | ({f"accounts_{day}.csv": ACCOUNTS + batch["accounts"]} if batch["accounts"] else {})


def publish(house, n: int) -> None:
    house.con.execute("INSERT INTO ledger_weeks VALUES (?, 1, ?, 'published', NULL, NULL, 0, 0)", [MONDAYS[n], n + 1])


def with_weeks(house):
    create_week_ledger(house.con)
    house.con.execute("TRUNCATE ledger_weeks")
    return house


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_batches=batches)
def test_every_week_comes_out_the_same_from_what_is_left(new_house, given_batches):
    kept = RetentionSettings(archive_days=28)
    house = with_weeks(new_house())
    for n, batch in enumerate(given_batches):
        house.deliver(texts(batch, n), received_on=MONDAYS[n])
        publish(house, n)
    mondays = MONDAYS[: len(given_batches)]
    gone = {f.sha256 for f in archive_past(archived_files(house.con), mondays[-1] + timedelta(days=400), kept)}
    expected = [contents(house, day, n + 1) for n, day in enumerate(mondays)]
    sums = sums_by_bytes(house)

    again = with_weeks(new_house())
    for n, batch in enumerate(given_batches):
        left = {name: t for name, t in texts(batch, n).items() if hashlib.sha256(t.encode()).hexdigest() not in gone}
        if left:
            again.deliver(left, received_on=MONDAYS[n])
        else:
            again.con.execute(
                "INSERT INTO ledger_files BY NAME SELECT ? AS file_id, 'gone' AS file, '' AS sha256, 0 AS size_bytes, "
                "? AS batch, DATE '2024-01-01' AS file_on, DATE '2024-01-01' AS received_on, 'rejected' AS state",
                [100 + n, n + 1],
            )
    assert [contents(again, day, n + 1) for n, day in enumerate(mondays)] == expected
    assert {sha256: row for sha256, row in sums_by_bytes(again).items() if sha256} == {
        sha256: row for sha256, row in sums.items() if sha256 not in gone
    }


def sums_by_bytes(house) -> dict[str, list]:
    found: dict[str, list] = {}
    query = "SELECT sha256, state, rows_loaded, rows_quarantined, rows_duplicate FROM ledger_files ORDER BY ALL"
    for sha256, *sums in house.query(query):
        found.setdefault(sha256, []).append(sums)
    return found


def contents(house, monday: date, cutoff: int) -> tuple[list, list]:
    spend = house.as_of("spend", monday, "spend_line_id, account_id, spent_on, amount", cutoff)
    return spend, house.as_of("accounts", monday, "account_id, region", cutoff)


def test_a_file_of_which_nothing_counts_any_longer_goes_and_the_others_stay(house):
    with_weeks(house)
    house.deliver({"accounts_2024-01-01.csv": f"{ACCOUNTS}A1,n\n"}, received_on=MONDAYS[0])
    house.deliver({"spend_1.csv": f"{SPEND}L1,A1,2024-01-02,5\n"}, received_on=MONDAYS[0])
    publish(house, 1)
    house.deliver({"spend_2.csv": f"{SPEND}L1,A1,2024-01-02,6\n"}, received_on=MONDAYS[1])
    house.deliver({"spend_3.csv": f"{SPEND}L1,A1,2024-01-02,6.00\n", "other.csv": "x\n"}, received_on=MONDAYS[1])
    house.deliver({"spend_4.csv": f"{SPEND}L2,A8,2024-01-02,6\n"}, received_on=MONDAYS[1])
    publish(house, 4)
    house.con.execute("INSERT INTO ledger_weeks VALUES (?, 1, 6, 'published', NULL, NULL, 0, 0)", [date(2024, 6, 3)])
    # spend_3 repeats and other.csv was rejected; L2's account is not known yet, and spend_1 says what the first week knew.
    assert removable(house, RetentionSettings(archive_days=28)) == {"spend_3.csv", "other.csv"}
    assert removable(house, RetentionSettings(archive_days=28, is_rebuild_kept=False)) == {
        "accounts_2024-01-01.csv", "spend_1.csv", "spend_2.csv", "spend_3.csv", "other.csv", "spend_4.csv",
    }  # fmt: skip


def test_what_came_for_the_current_week_stays_whatever_its_age(house):
    with_weeks(house)
    house.deliver({"other.csv": "x\n"}, received_on=MONDAYS[0])
    publish(house, 0)
    everything = RetentionSettings(archive_days=28, is_rebuild_kept=False)
    assert removable(house, everything) == set()
    house.deliver({"another.csv": "y\n"}, received_on=MONDAYS[0])
    publish(house, 1)
    assert removable(house, everything) == {"other.csv"}


def test_bytes_that_were_delivered_again_are_as_young_as_the_last_time(house):
    with_weeks(house)
    house.deliver({"other.csv": "x\n"}, received_on=MONDAYS[0])
    house.deliver({"again.csv": "x\n"}, received_on=MONDAYS[4])
    for n in range(3):
        publish(house, n)
    files = archived_files(house.con)
    assert [f.received_on for f in files] == [MONDAYS[4]]
    assert archive_past(files, MONDAYS[4], RetentionSettings(archive_days=28)) == []


def removable(house, kept: RetentionSettings) -> set[str]:
    past = archive_past(archived_files(house.con), date(2025, 1, 1), kept)
    return {name for f in past for (name,) in house.query("SELECT file FROM ledger_files WHERE sha256 = ?", f.sha256)}


def test_the_ledger_says_once_what_became_of_a_file(house):
    house.deliver({"other.csv": "x\n"})
    sha256 = house.query("SELECT sha256 FROM ledger_files")[0][0]
    for day in (date(2024, 5, 6), date(2024, 5, 7)):
        note_removed(house.con, [sha256], day)
    assert house.query("SELECT notes FROM ledger_files") == [("archived file removed by retention on 2024-05-06",)]


@pytest.mark.parametrize(
    ("published_weeks", "current", "gone"),
    [(0, MONDAYS[4], []), (2, MONDAYS[4], MONDAYS[:3]), (9, MONDAYS[4], []), (1, MONDAYS[1], [MONDAYS[0], *MONDAYS[2:4]])],
)
def test_weeks_beyond_the_number_go_but_never_the_current_one(published_weeks, current, gone):
    assert weeks_past(reversed(MONDAYS), current, RetentionSettings(published_weeks=published_weeks)) == gone


def test_without_a_limit_nothing_is_past():
    files = [ArchivedFile("ab", date(1999, 1, 1), is_needed=False)]
    assert archive_past(files, date(2024, 1, 1), RetentionSettings()) == []
    assert oldest_kept_week(MONDAYS, MONDAYS[-1], RetentionSettings()) is None
