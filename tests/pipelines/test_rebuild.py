"""The warehouse made anew from the archive, and loads that were cut off."""

import os
import stat
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import assets.inbox
import winback.load.batch
from assets.doctor import examine
from assets.erasure import erase
from assets.inbox import load_inbox
from assets.rebuild import rebuild
from assets.state import write_state
from assets.workspace import Workspace, open_warehouse
from pipelines.cli.state import read_state
from tests.conftest import drop
from winback.errors import PassingError, RunFailedError
from winback.publication.ledger_archive import damaged_tables
from winback.publication.week_ledger import close_week, open_week

pytestmark = pytest.mark.slow

TODAY = date(2026, 3, 4)
ACCOUNTS = "account_id,account_name,opened_on\nA1,One,2024-01-01\nA2,Two,2024-01-01\n"
SPEND = "spend_line_id,account_id,spent_on,amount\nS1,A1,2026-01-05,10\nS2,A2,2026-01-06,20\nS3,A3,2026-01-07,30\nS4,A1,never,1\n"
SECOND = {
    "accounts_2.csv": "account_id,account_name,opened_on\nA3,Three,2024-01-01\nA1,One again,2024-01-01\n",
    "spend_2.csv": "spend_line_id,account_id,spent_on,amount\nS2,A2,2026-01-06,25\nS5,A2,2026-02-01,5\nS1,A1,2026-01-05,10\n",
    "spend_first.csv": SPEND,
    "unknown.csv": "what\n",
}


class Killed(BaseException):
    """Stands for a process that is no more."""


def loaded(place: Workspace) -> int:
    """Load the inbox as a run does."""
    with open_warehouse(place, lambda: TODAY, 1) as warehouse:
        n_files = load_inbox(warehouse)
        write_state(warehouse)
    return n_files


def content(place: Workspace) -> dict[str, list[str]]:
    """Rows of every raw and ledger table, sorted."""
    with duckdb.connect(str(place.warehouse_path), read_only=True) as con:
        tables = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE regexp_matches(table_name, '^(raw|ledger)_')"
        ).fetchall()
        return {name: sorted(map(repr, con.execute(f"SELECT * FROM {name}").fetchall())) for (name,) in tables}


@pytest.fixture
def two_batches(make_workspace: Callable[..., Workspace]) -> Workspace:
    """Two batches with held rows that load later, new versions, duplicates, a file twice and one that is refused; a week opened."""
    place = make_workspace(accounts=ACCOUNTS, spend=SPEND)
    loaded(place)
    for name, text in SECOND.items():
        drop(place, name, text)
    with open_warehouse(place, lambda: TODAY, 1) as warehouse:
        load_inbox(warehouse)
        week = open_week(warehouse.con, date(2026, 3, 2), 2, reopen=False, accepted_reason=None)
        close_week(warehouse.con, week, "withheld", "a test")
        write_state(warehouse)
    return place


def test_a_rebuilt_warehouse_has_the_same_rows(two_batches: Workspace) -> None:
    before = content(two_batches)
    assert len(before["ledger_files"]) == 6 and len(before["ledger_weeks"]) == 1
    two_batches.warehouse_path.write_bytes(b"garbage" * 1_000)
    with pytest.raises(RunFailedError, match="winback rebuild"), open_warehouse(two_batches, lambda: TODAY, 1):
        pass
    done = rebuild(two_batches, TODAY, 1)
    assert not done.differing and len(done.files) == 6
    assert content(two_batches) == before
    assert done.set_aside is not None and done.set_aside.name == "warehouse.corrupt-1.duckdb"
    assert stat.S_IMODE(done.set_aside.stat().st_mode) == 0o600
    assert done.set_aside.read_bytes() == b"garbage" * 1_000


def test_a_missing_or_empty_warehouse_is_not_taken_for_a_new_workspace(two_batches: Workspace) -> None:
    before = content(two_batches)
    two_batches.warehouse_path.write_bytes(b"")
    with pytest.raises(RunFailedError, match="is empty; make it anew"), open_warehouse(two_batches, lambda: TODAY, 1):
        pass
    two_batches.warehouse_path.unlink()
    with pytest.raises(RunFailedError, match="is missing; make it anew"), open_warehouse(two_batches, lambda: TODAY, 1):
        pass
    found = [f for f in examine(two_batches, read_state(two_batches), datetime(2026, 3, 4, 9)) if f.subject == "Warehouse"]
    assert [(f.level, f.fix) for f in found] == [("fail", "make it anew from the archive with: winback rebuild")]
    assert rebuild(two_batches, TODAY, 1).set_aside is None
    assert content(two_batches) == before


def test_what_is_missing_is_named_and_nothing_changes(two_batches: Workspace) -> None:
    gone = max((two_batches.folder("archive")).glob("??/*.csv"))
    data, old = gone.read_bytes(), two_batches.warehouse_path.read_bytes()
    gone.unlink()
    with pytest.raises(RunFailedError, match=f"{gone.stem}.*missing or damaged"):
        rebuild(two_batches, TODAY, 1)
    gone.write_bytes(data + b"\n")
    with pytest.raises(RunFailedError, match=f"{gone.stem}.*missing or damaged"):
        rebuild(two_batches, TODAY, 1)
    gone.write_bytes(data)
    table = next((two_batches.folder("archive") / "ledger").glob("ledger_weeks-*.parquet"))
    table.unlink()
    with pytest.raises(RunFailedError, match=r"ledger_weeks.*missing or damaged"):
        rebuild(two_batches, TODAY, 1)
    assert two_batches.warehouse_path.read_bytes() == old
    assert not list(two_batches.root.glob("warehouse.corrupt*")) and not list(two_batches.root.glob("warehouse.rebuilding*"))


def test_other_sums_than_recorded_leave_the_old_warehouse(two_batches: Workspace) -> None:
    with duckdb.connect(str(two_batches.warehouse_path)) as con:
        con.execute(
            "UPDATE ledger_files SET rows_loaded = rows_loaded + 1, rows_received = rows_received + 1 WHERE file = 'spend_2.csv'"
        )
    with open_warehouse(two_batches, lambda: TODAY, 1) as warehouse:
        write_state(warehouse)
    old = two_batches.warehouse_path.read_bytes()
    done = rebuild(two_batches, TODAY, 1)
    assert [(f.name, f.recorded[1], f.again and f.again[1]) for f in done.differing] == [("spend_2.csv", 4, 3)]
    assert done.set_aside is None and two_batches.warehouse_path.read_bytes() == old


def test_the_erased_stay_erased_and_what_was_set_aside_goes(two_batches: Workspace) -> None:
    before = content(two_batches)
    archive = two_batches.folder("archive")
    old_archive = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()}
    rebuild(two_batches, TODAY, 1)
    with open_warehouse(two_batches, lambda: TODAY, 1) as warehouse:
        done = erase(warehouse, "account_id", "A2")
    assert done.places["warehouses set aside"] == 1 and not list(two_batches.root.glob("warehouse.corrupt*"))
    after = content(two_batches)
    assert after != before
    two_batches.warehouse_path.unlink()
    assert not rebuild(two_batches, TODAY, 1).differing
    assert content(two_batches) == after
    assert not any("A2" in row for rows in after.values() for row in rows)
    # An archive from before the erasure, put back by mistake, brings nobody back.
    for path in [p for p in archive.rglob("*") if p.is_file()]:
        path.unlink()
    for path, data in old_archive.items():
        path.write_bytes(data)
    with pytest.raises(RunFailedError, match="erased"):
        rebuild(two_batches, TODAY, 1)
    assert content(two_batches) == after


@pytest.mark.parametrize(
    ("module", "name", "n"),
    [
        (assets.inbox, "finish_batch", 1),
        (winback.load.batch, "receive_source", 1),
        (winback.load.batch, "close_file", 2),
        (winback.load.batch, "close_file", 4),
        (winback.load.batch, "mark_superseded", 2),
        (assets.inbox, "archive_ledger", 1),
        (assets.inbox, "mark_cleared", 1),
    ],
)
def test_a_load_that_was_cut_off_is_finished_as_the_batch_it_was(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, n: int
) -> None:
    places = [make_workspace(folder, accounts=ACCOUNTS, spend=SPEND) for folder in ("whole", "cut")]
    for place in places:
        loaded(place)
        for file, text in SECOND.items():
            os.utime(drop(place, file, text), (1_770_000_000, 1_770_000_000))
    loaded(places[0])
    real, left = getattr(module, name), [n]

    def cut(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, cut)
        with pytest.raises(Killed):
            loaded(places[1])
    # A file that comes meanwhile is the next batch's, and one that is taken away before it was loaded never came.
    drop(places[1], "people_3.csv", "person_id,account_id,person_name\nP1,A1,Some One\n")
    loaded(places[1])
    whole, again = content(places[0]), content(places[1])
    assert [row for row in again["ledger_files"] if "people_3" not in row] == whole["ledger_files"]
    assert {t: rows for t, rows in again.items() if t not in {"ledger_files", "raw_people"}} == {
        t: rows for t, rows in whole.items() if t not in {"ledger_files", "raw_people"}
    }
    assert [row.split(", ")[5] for row in again["ledger_files"] if "people_3" in row] == ["3"]
    assert not [p for p in places[1].folder("inbox").rglob("*") if p.is_file()]


def test_a_file_taken_away_before_it_was_loaded_never_came(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_workspace(accounts=ACCOUNTS, spend=SPEND)
    with monkeypatch.context() as patch:
        patch.setattr(winback.load.batch, "_load_one", lambda con, file: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            loaded(place)
    (place.folder("inbox") / "spend.csv").unlink()
    assert loaded(place) == 1
    assert [row.split(", ")[1] for row in content(place)["ledger_files"]] == ["'accounts.csv'"]


def test_a_file_that_is_written_to_is_waited_for_or_stays(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_workspace(accounts=ACCOUNTS, spend=SPEND)
    path = place.folder("inbox") / "spend.csv"
    with path.open("a", encoding="utf-8"), pytest.raises(PassingError, match="still being written"):
        loaded(place)
    finish = assets.inbox.finish_batch

    def written_to(*arguments: Any) -> None:
        finish(*arguments)
        path.write_text(SPEND + "S9,A1,2026-02-02,9\n", encoding="utf-8")

    monkeypatch.setattr(assets.inbox, "finish_batch", written_to)
    loaded(place)
    assert path.is_file() and not (place.folder("inbox") / "accounts.csv").exists()
    monkeypatch.setattr(assets.inbox, "finish_batch", finish)
    loaded(place)
    assert any("S9" in row for row in content(place)["raw_spend"]) and not path.exists()


def test_a_clock_that_went_back_loads_nothing(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(accounts=ACCOUNTS, spend=SPEND)
    loaded(place)
    drop(place, "spend_2.csv", SECOND["spend_2.csv"])
    with (
        open_warehouse(place, lambda: date(2025, 12, 1), 1) as warehouse,
        pytest.raises(RunFailedError, match="set the clock"),
    ):
        load_inbox(warehouse)
    assert (place.folder("inbox") / "spend_2.csv").is_file()


def test_the_archived_ledger_is_written_only_where_it_changed(two_batches: Workspace) -> None:
    folder = two_batches.folder("archive") / "ledger"
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    loaded(two_batches)
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == before
    (folder / ".ledger_files.part").write_bytes(b"half")
    Path(folder / "ledger.json").write_text("{", encoding="utf-8")
    loaded(two_batches)
    assert not list(folder.glob(".*")) and not damaged_tables(folder)
    assert {name.partition("-")[0] for name in before} == {path.name.partition("-")[0] for path in folder.iterdir()}
