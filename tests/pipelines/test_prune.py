"""`winback prune`: what goes from the disk, what stays, and what is said of it."""

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op
from typer.testing import CliRunner

from assets.inbox import load_inbox
from assets.retention import ARCHIVE, DAYS, LISTS, LOGS, RUNS, WEEKS, prune, removed_on
from assets.workspace import Workspace, open_warehouse, open_workspace
from assets.workspace_files import create_workspace
from pipelines.cli.app import app
from tests.conftest import MONDAY, TODAY, accounts_csv, drop
from winback.config import DeliverySettings, RetentionSettings, Settings, settings_text

SPEND = "spend_line_id,account_id,spent_on,amount\n"
WEEK_DAYS = [MONDAY - timedelta(days=7 * n) for n in (3, 2, 1, 0)]
LATER = TODAY + timedelta(days=100)


@pytest.fixture(scope="module")
def four_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with four weeks that were published, the folders of days between, an alert and an error log."""
    place = create_workspace(tmp_path_factory.mktemp("prune") / "ws", Settings())
    files = [
        accounts_csv(3),
        f"{SPEND}L1,A0001,2026-01-05,5\n",
        "no header that anybody knows\n",
        f"{SPEND}L2,A0002,2026-01-06,5\n",
    ]
    for n, (text, week) in enumerate(zip(files, WEEK_DAYS, strict=True)):
        drop(place, f"{'accounts' if n == 0 else 'spend'}_{week}.csv", text)
        with open_warehouse(place, lambda: TODAY, 5) as warehouse:
            load_inbox(warehouse)
            warehouse.con.execute("INSERT INTO ledger_weeks VALUES (?, 1, ?, 'published', NULL, NULL, 0, 0)", [week, n + 1])
        folder = place.folder("published") / f"{week}-r1" / "playbooks"
        folder.mkdir(parents=True)
        (folder / "rep_a.csv").write_text("x" * 1000)
        (place.folder("outbox") / str(week)).symlink_to(Path("..") / "published" / folder.parent.name / "playbooks")
        (place.folder("outbox") / "daily" / str(week + timedelta(days=1))).mkdir(parents=True)
    (place.folder("published") / "current").symlink_to(f"{MONDAY}-r1")
    alerts = [{"on": day.isoformat(), "cause": "c"} for day in (TODAY, LATER)]
    (place.folder("state") / "alerts.jsonl").write_text("".join(json.dumps(a) + "\n" for a in alerts))
    (place.folder("state") / "last_error.log").write_text("Traceback")
    return place.root


@pytest.fixture
def lived_in(four_weeks: Path, tmp_path: Path) -> Callable[..., Workspace]:
    """Copies of it with other settings."""

    def copy(**settings: object) -> Workspace:
        shutil.copytree(four_weeks, tmp_path / "ws", symlinks=True)
        text = settings_text(Settings.model_validate(settings))
        (tmp_path / "ws" / "winback.toml").write_text(text)
        return open_workspace(tmp_path / "ws")

    return copy


def pruned(place: Workspace, on: date, *, is_dry: bool = False):  # type: ignore[no-untyped-def]
    with open_warehouse(place, lambda: on, 5) as warehouse:
        return prune(warehouse, is_dry=is_dry)


def contents(place: Workspace) -> set[str]:
    return {str(p.relative_to(place.root)) for p in place.root.rglob("*") if not p.is_relative_to(place.folder("dagster"))}


def notes_of(place: Workspace) -> dict[str, str | None]:
    with open_warehouse(place, lambda: TODAY, 5) as warehouse:
        return dict(warehouse.con.execute("SELECT file, notes FROM ledger_files").fetchall())


def test_by_default_everything_stays(lived_in: Callable[..., Workspace]) -> None:
    place = lived_in()
    before = contents(place)
    assert not any(pruned(place, LATER).counts.values())
    assert contents(place) == before
    told = CliRunner().invoke(app, ["prune", "-w", str(place.root)])
    assert told.exit_code == 0 and "Everything is kept" in told.output


def test_what_is_past_goes_and_the_rest_stays(lived_in: Callable[..., Workspace], tmp_path: Path) -> None:
    limits = RetentionSettings(archive_days=60, published_weeks=2, log_days=60)
    desks = DeliverySettings(folder=str(tmp_path / "desks"))
    place = lived_in(retention=limits, delivery=desks)
    to_do = tmp_path / "desks" / "rep_a" / "to_do"
    to_do.mkdir(parents=True)
    for week in WEEK_DAYS:
        (to_do / f"{week}_rep_a.csv").write_text("list")
    before = contents(place)
    dry = pruned(place, LATER, is_dry=True)
    assert contents(place) == before
    done = pruned(place, LATER)
    assert done == dry
    assert done.counts == {ARCHIVE: 1, WEEKS: 2, DAYS: 2, LISTS: 2, LOGS: 1, RUNS: 0} and done.n_bytes > 2000
    assert done.n_needed == 2  # the accounts and the first spend: every kept week is made from them
    gone = before - contents(place)
    assert {g for g in gone if g.startswith("outbox/2026")} == {f"outbox/{week}" for week in WEEK_DAYS[:2]}
    assert {g.split("/")[1] for g in gone if g.startswith("published")} == {f"{week}-r1" for week in WEEK_DAYS[:2]}
    assert (place.folder("published") / "current" / "playbooks" / "rep_a.csv").is_file()
    assert sorted(f.name for f in to_do.iterdir()) == [f"{week}_rep_a.csv" for week in WEEK_DAYS[2:]]
    assert [json.loads(line)["on"] for line in (place.folder("state") / "alerts.jsonl").read_text().splitlines()] == [
        str(LATER)
    ]
    said = {name: note for name, note in notes_of(place).items() if note and "removed by retention" in note}
    assert said == {f"spend_{WEEK_DAYS[2]}.csv": f"archived file removed by retention on {LATER}"}
    assert list(removed_on(place).values()) == [LATER]
    (line,) = map(json.loads, (place.folder("state") / "access_log.jsonl").read_text().splitlines())
    assert line["action"] == "prune" and line["n_archived_files"] == 1 and line["n_published_weeks"] == 2
    assert not any(pruned(place, LATER).counts.values())


def test_files_that_weeks_are_made_from_go_only_if_the_operator_says_so(lived_in: Callable[..., Workspace]) -> None:
    limits = RetentionSettings(archive_days=60, is_rebuild_kept=False)
    place = lived_in(retention=limits)
    done = pruned(place, LATER)
    assert done.counts[ARCHIVE] == 3 and done.n_needed == 0  # all but what came for the current week
    assert len(removed_on(place)) == 3


def test_a_prune_that_was_cut_off_is_finished_by_the_next(lived_in: Callable[..., Workspace], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    place = lived_in(retention=RetentionSettings(archive_days=60, published_weeks=2))

    def cut_off(path: Path) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("assets.retention._remove", cut_off)
        with pytest.raises(OSError, match="killed"):
            pruned(place, LATER)
    done = pruned(place, LATER + timedelta(days=1))
    assert done.counts[ARCHIVE] == 1 and done.counts[WEEKS] == 2
    assert list(removed_on(place).values()) == [LATER]


def test_run_records_past_their_time_go_with_their_files(lived_in: Callable[..., Workspace]) -> None:
    place = lived_in(retention=RetentionSettings(run_record_days=30))

    @op
    def nothing() -> None:
        pass

    @job
    def small() -> None:
        nothing()

    with DagsterInstance.from_config(str(place.folder("dagster"))) as instance:
        old = small.execute_in_process(instance=instance)
        current = small.execute_in_process(instance=instance, tags={"dagster/partition": MONDAY.isoformat()})
        unfinished = instance.create_run_for_job(small, status=DagsterRunStatus.STARTED)
    in_a_year = date.today() + timedelta(days=365)
    assert pruned(place, in_a_year).counts[RUNS] == 1
    with DagsterInstance.from_config(str(place.folder("dagster"))) as instance:
        assert {run.run_id for run in instance.get_runs()} == {current.run_id, unfinished.run_id}
    assert not list(place.folder("dagster").rglob(f"*{old.run_id}*"))


def test_limits_shorter_than_four_weeks_are_refused(tmp_path: Path, lived_in: Callable[..., Workspace]) -> None:
    place = lived_in()
    text = (place.root / "winback.toml").read_text().replace("archive_days = 0", "archive_days = 7")
    (place.root / "winback.toml").write_text(text)
    told = CliRunner().invoke(app, ["prune", "-w", str(place.root)])
    assert "at least 28 days" in str(told.exception)
