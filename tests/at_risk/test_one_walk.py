"""Lapsed and active rows of the same landmarks from one walk."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets import landmarks
from assets.landmarks import Landmarks, landmarks_of
from assets.workspace import Warehouse, Workspace
from tests.at_risk.test_active_rows import buy, con
from tests.conftest import MONDAY
from winback.at_risk.active_rows import ActiveReader, active_snapshots
from winback.config import Settings
from winback.survival import walk as walking
from winback.survival.snapshots import LapsedReader, snapshots
from winback.survival.walk import in_order, walk

__all__ = ["con"]

DAYS = tuple(MONDAY - timedelta(days=28 * n) for n in (4, 2))


@pytest.fixture
def market(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Accounts of which half fall silent; half of these come back four months later."""
    for n in range(32):
        ages = range(-100, 200, 9 + n % 5)
        buy(con, f"a{n:02d}", *(age for age in ages if n % 2 or age > 100 or (n % 4 == 0 and age < -20)))
    return con


def readers() -> list[LapsedReader | ActiveReader]:
    return [LapsedReader(DAYS, MONDAY), ActiveReader(DAYS, MONDAY, Settings().lapse.horizon_days)]


def test_one_walk_gives_what_two_give(market: duckdb.DuckDBPyConnection) -> None:
    lapsed, active = walk(market, Settings(), readers())
    assert lapsed.height > 5 and active.height > 20
    assert lapsed.equals(snapshots(market, Settings(), DAYS, seen_until_on=MONDAY))
    assert active.equals(active_snapshots(market, Settings(), DAYS, seen_until_on=MONDAY))


def test_each_date_is_made_once(market: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[date] = []
    real = walking.run_as_of

    def counted(con: duckdb.DuckDBPyConnection, settings: Settings, day: date, *rest: object) -> None:
        made.append(day)
        real(con, settings, day, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(walking, "run_as_of", counted)
    walk(market, Settings(), readers())
    assert sorted(made) == [*DAYS, MONDAY]


def test_one_database_gives_what_several_give(market: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    several = walk(market, Settings(), readers())
    monkeypatch.setattr(walking, "N_DATABASES", 1)
    assert all(a.equals(b) for a, b in zip(several, walk(market, Settings(), readers()), strict=True))


def test_what_a_reader_says_of_a_date_comes_out(market: duckdb.DuckDBPyConnection) -> None:
    market.execute("DROP TABLE core_spend")
    with pytest.raises(duckdb.Error, match="core_spend"):
        walk(market, Settings(), readers())


def test_tables_come_after_what_they_read() -> None:
    order = in_order("core_lapses")
    assert order.index("core_gaps") < order.index("core_lapse_thresholds") < order.index("core_spells")
    assert order[-1] == "core_lapses" and "feat_spend" not in order
    assert pl.Series(order).is_unique().all()


def test_the_second_model_of_a_run_gets_the_rows_of_the_first(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[date] = []

    def counted(_: Warehouse, week_on: date, days: tuple[date, ...]) -> Landmarks:
        walked.append(week_on)
        return Landmarks(pl.DataFrame(), pl.DataFrame(), 1.0)

    monkeypatch.setattr(landmarks, "_walked", counted)
    warehouse = Warehouse(Workspace(Path(), Settings()), con, MONDAY)
    first = landmarks_of(warehouse, MONDAY, list(DAYS))
    assert landmarks_of(warehouse, MONDAY, list(DAYS)) is first
    landmarks_of(warehouse, MONDAY, list(DAYS[1:]))
    landmarks_of(warehouse, MONDAY - timedelta(days=7), list(DAYS))
    assert walked == [MONDAY, MONDAY, MONDAY - timedelta(days=7)]
