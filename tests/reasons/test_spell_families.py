"""Which family a lapse belongs to by its early notes, and the curves drawn from it."""

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from winback.reasons.note_labels import with_hashes
from winback.reasons.spell_families import early_notes, spell_families
from winback.survival.family_pictures import return_by_family_picture

AS_OF = date(2026, 1, 5)
LAPSED = date(2025, 6, 1)
LAST = date(2025, 5, 1)


def day(since_lapse: int) -> date:
    return LAPSED + timedelta(days=since_lapse)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Accounts A to D lapsed on the same day: A returned on day 40, B on day 10, C is away, D was contacted on day 60."""
    con = duckdb.connect()
    con.execute("CREATE TABLE core_week AS SELECT DATE '2026-01-05' AS as_of_on, 45 AS note_window_days")
    con.execute("CREATE TABLE core_touches (account_id VARCHAR, touched_on DATE)")
    con.execute("CREATE TABLE asof_touchpoints (account_id VARCHAR, touched_on DATE, kind VARCHAR, note_text VARCHAR)")
    con.execute(
        "CREATE TABLE core_spells (account_id VARCHAR, spell_no BIGINT, spell_kind VARCHAR, started_on DATE,"
        " ended_on DATE, last_spend_on DATE, end_cause VARCHAR)"
    )
    ends = {"A": (day(40), "return"), "B": (day(10), "return"), "C": (None, "open"), "D": (day(90), "return")}
    for account, (ended_on, cause) in ends.items():
        active = [account, 1, "active", date(2025, 1, 1), LAPSED, LAST, "lapse"]
        con.execute("INSERT INTO core_spells VALUES (?, ?, ?, ?, ?, ?, ?)", active)
        lapsed = [account, 2, "lapsed", LAPSED, ended_on, LAST, cause]
        con.execute("INSERT INTO core_spells VALUES (?, ?, ?, ?, ?, ?, ?)", lapsed)
    con.execute("INSERT INTO core_touches VALUES ('D', ?)", [day(60)])
    notes = [
        ("A", day(-5), "sales", "too dear"),
        ("A", day(20), "care", "cross with us"),
        ("B", day(12), "care", "said why only after the return"),
        ("C", day(25), "care", "too dear"),
        ("C", day(29), "care", "a day too late"),
        ("C", LAST - timedelta(days=46), "care", "long before"),
        ("C", day(2), "notice", "your bill"),
        ("D", day(0), "care", "too dear"),
    ]
    con.executemany("INSERT INTO asof_touchpoints VALUES (?, ?, ?, ?)", notes)
    yield con
    con.close()


def told(notes: pl.DataFrame, **codes: str) -> pl.DataFrame:
    """Labels as `score_notes` has them, by text (blanks as underscores)."""
    labels = pl.DataFrame({"note_text": [t.replace("_", " ") for t in codes], "code": list(codes.values())})
    return notes.join(labels, on="note_text").with_columns(
        runner_up_code=pl.lit("7"), is_abstained=pl.lit(False), reason_prob=pl.lit(0.9)
    )


def test_only_early_notes_before_a_return_are_read(con: duckdb.DuckDBPyConnection) -> None:
    notes = early_notes(con)
    assert notes.select("account_id", "note_text", "after_lapse_days").rows() == [
        ("A", "too dear", -5),
        ("A", "cross with us", 20),
        ("C", "too dear", 25),
        ("D", "too dear", 0),
    ]


def test_time_counts_from_the_first_note_that_tells_and_ends_at_a_contact(con: duckdb.DuckDBPyConnection) -> None:
    notes = with_hashes(early_notes(con))
    spells = spell_families(notes, told(notes, too_dear="1a", cross_with_us="4"))
    assert spells.rows() == [
        ("1", 0, 40, True),
        ("1", 0, 60, False),
        ("1", 25, (AS_OF - LAPSED).days, False),
    ]


def test_unsure_labels_count_only_within_one_family(con: duckdb.DuckDBPyConnection) -> None:
    notes = with_hashes(early_notes(con))
    unsure = told(notes, too_dear="1a", cross_with_us="4").with_columns(is_abstained=pl.lit(True))
    assert spell_families(notes, unsure).is_empty()
    assert spell_families(notes, unsure.with_columns(runner_up_code=pl.lit("1c")))["family"].to_list() == ["1", "1", "1"]


def test_families_with_few_lapses_are_hidden() -> None:
    few = pl.DataFrame({"family": ["1"] * 19, "entered_days": [0] * 19, "left_days": [30] * 19, "has_returned": [True] * 19})
    assert return_by_family_picture(few) is None
    more = pl.concat([few, few.with_columns(left_days=pl.lit(50, dtype=pl.Int64))])
    png = return_by_family_picture(more)
    assert png is not None and png.startswith(b"\x89PNG")
