"""Which fitted model a week uses."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from assets.model_shelf import current_model, store_model
from assets.workspace import Workspace
from winback.config import ModelSettings, Settings
from winback.errors import RunFailedError

WEEK = date(2026, 3, 2)


def workspace(root: Path, days: int = 28) -> Workspace:
    return Workspace(root, Settings(models=ModelSettings(retrain_after_days=days)))


def test_the_newest_model_that_is_not_of_a_later_week_is_used(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    for weeks in (-4, -3, -1, 1):
        store_model(place, "m", WEEK + timedelta(weeks=weeks), {"a.json": b"{}"})
    assert current_model(place, "m", WEEK) == tmp_path / "models" / "m" / "2026-02-23"
    assert current_model(place, "m", WEEK - timedelta(weeks=2)) == tmp_path / "models" / "m" / "2026-02-09"


def test_a_model_grown_old_is_not_used(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    store_model(place, "m", WEEK - timedelta(days=28), {"a.json": b"{}"})
    assert current_model(place, "m", WEEK) is None
    assert current_model(place, "other", WEEK) is None
    assert current_model(workspace(tmp_path, days=29), "m", WEEK) is not None


def test_storing_again_replaces_the_whole_model(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    store_model(place, "m", WEEK, {"a.json": b"1", "trees.ubj": b"2"})
    folder = store_model(place, "m", WEEK, {"a.json": b"3"})
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"a.json": b"3"}


def test_a_model_half_written_by_a_killed_run_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "models" / "m" / ".2026-03-02.part").mkdir(parents=True)
    place = workspace(tmp_path)
    assert current_model(place, "m", WEEK) is None
    store_model(place, "m", WEEK, {"a.json": b"1"})
    assert current_model(place, "m", WEEK) is not None


def test_a_damaged_model_is_named_and_not_used(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    folder = store_model(place, "m", WEEK, {"a.json": b"1", "trees.ubj": b"2"})
    (folder / "trees.ubj").write_bytes(b"3")
    with pytest.raises(RunFailedError, match=r"m/2026-03-02 is damaged \(trees.ubj\).*delete the folder"):
        current_model(place, "m", WEEK)
    assert current_model(place, "m", WEEK - timedelta(days=1)) is None
    store_model(place, "m", WEEK, {"a.json": b"1"})
    assert current_model(place, "m", WEEK) == folder
