"""Representatives' own folders: lists handed out, filled ones taken in."""

import os
import stat
from pathlib import Path

import pytest

from assets.delivery import QUIET_SECONDS, hand_out, take_in
from assets.workspace import Workspace
from assets.workspace_files import create_workspace
from winback.config import DeliverySettings, Settings
from winback.errors import UsageError


def workspace_with(tmp_path: Path, **delivery: str) -> Workspace:
    return create_workspace(tmp_path / "shop", Settings(delivery=DeliverySettings(**delivery)))


@pytest.fixture
def playbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "playbooks"
    folder.mkdir()
    for name in ("rep_li-12ab.csv", "rep_li-12ab.html", "rep_wang-34cd.csv", "not_this_week.csv", "manager.csv"):
        (folder / name).write_bytes(name.encode())
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_each_representative_gets_their_own_files_and_nobody_the_holdouts(tmp_path: Path, playbooks: Path) -> None:
    place = workspace_with(tmp_path, folder="desks", file_mode="660")
    hand_out(place, playbooks, "2026-03-02")
    desks = place.root / "desks"
    found = sorted(str(p.relative_to(desks)) for p in desks.rglob("*") if p.is_file())
    assert found == [
        "rep_li-12ab/to_do/2026-03-02_rep_li-12ab.csv",
        "rep_li-12ab/to_do/2026-03-02_rep_li-12ab.html",
        "rep_wang-34cd/to_do/2026-03-02_rep_wang-34cd.csv",
    ]
    assert mode(desks / found[0]) == 0o660 and mode(desks / "rep_li-12ab" / "returned") == 0o770
    assert hand_out(workspace_with(tmp_path / "other"), playbooks, "2026-03-02") == []


def test_a_group_that_does_not_exist_is_named(tmp_path: Path, playbooks: Path) -> None:
    place = workspace_with(tmp_path, folder="desks", group="no-such-group")
    with pytest.raises(UsageError, match="no-such-group"):
        hand_out(place, playbooks, "2026-03-02")


def test_returned_files_go_to_the_inbox_once_they_are_whole(tmp_path: Path, playbooks: Path) -> None:
    place = workspace_with(tmp_path, folder=str(tmp_path / "desks"))
    hand_out(place, playbooks, "2026-03-02")
    returned = tmp_path / "desks" / "rep_li-12ab" / "returned"
    (returned / "=my list (1).CSV").write_text("row_key\n")
    (returned / "~$open.csv").write_text("lock")
    (returned / "elsewhere.csv").symlink_to(playbooks / "manager.csv")
    assert take_in(place) == []
    written = (returned / "=my list (1).CSV").stat().st_mtime - QUIET_SECONDS
    os.utime(returned / "=my list (1).CSV", (written, written))
    moved = take_in(place)
    assert [p.parent.name for p in moved] == ["outcomes"] and moved[0].name.startswith("rep_li-12ab-")
    assert moved[0].suffix == ".csv" and moved[0].read_text() == "row_key\n"
    assert sorted(p.name for p in returned.iterdir()) == ["elsewhere.csv", "~$open.csv"]
