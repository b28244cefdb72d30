"""Whatever strikes a run: the next one brings out the same, no received row is lost, and readers always see one whole week."""

import shutil
from pathlib import Path

import pytest

from tests.faults.catalogue import GROUPS, SLOW, Group
from tests.faults.conftest import WEEKS, Prepared
from tests.faults.disturbances import mount_small_disk
from tests.faults.driving import Line, drive

DISK_MEGABYTES = 400


def test_the_catalogue_is_large_enough_and_names_each_fault_once() -> None:
    names = [fault.name for group in GROUPS for fault in group.faults]
    assert len(set(names)) >= 40
    assert len(names) == len({(group.name, fault.name) for group in GROUPS for fault in group.faults})


@pytest.mark.slow
def test_everyday_faults_change_nothing(prepared: Prepared, lines: list[Line], tmp_path: Path) -> None:
    _strike_copy(SLOW, prepared, lines, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("group", [g for g in GROUPS if g.name != "real disk"], ids=lambda group: group.name)
def test_no_fault_changes_anything(group: Group, prepared: Prepared, lines: list[Line], tmp_path: Path) -> None:
    _strike_copy(group, prepared, lines, tmp_path)


@pytest.mark.long
def test_a_real_disk_that_is_full_or_read_only(prepared: Prepared, lines: list[Line], tmp_path: Path) -> None:
    unmount = mount_small_disk(tmp_path, DISK_MEGABYTES)
    try:
        _strike_copy(next(g for g in GROUPS if g.name == "real disk"), prepared, lines, tmp_path)
    finally:
        unmount()


def _strike_copy(group: Group, prepared: Prepared, lines: list[Line], folder: Path) -> None:
    root = folder / "ws"
    shutil.copytree(prepared.published if group.begins_published else prepared.waiting, root, symlinks=True)
    drive(group, root, prepared.undisturbed, WEEKS, lines)
