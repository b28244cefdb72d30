"""What happens to a workspace from outside, and what a person does about it, by the names the catalogue uses.

Belongs here: damage to files, locks, readers, mounts. Does not belong here: faults inside the running command
(`tests.faults.struck`).
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock


class Scene:
    """A workspace under faults, with what a disturbance keeps open until its cure or the end."""

    def __init__(self, root: Path, child: Callable[..., subprocess.Popen[str]]) -> None:
        self.root, self.child = root, child
        self.open = ExitStack()
        self.kept: dict[Path, bytes] = {}
        self.reader: Reader | None = None
        self.other: subprocess.Popen[str] | None = None

    def apply(self, name: str) -> None:
        """Do what the catalogue calls `name`."""
        if name:
            globals()["do_" + name](self)

    def keep(self, path: Path, data: bytes | None) -> None:
        """Replace a file (None removes it) and remember what it was."""
        self.kept[path] = path.read_bytes()
        path.unlink() if data is None else path.write_bytes(data)

    def give_back(self) -> None:
        """Put every remembered file back."""
        for path, data in self.kept.items():
            path.write_bytes(data)
        self.kept.clear()


class Reader(threading.Thread):
    """Keeps the published database open and reads `current` every 50 ms; notes every error and the weeks it saw."""

    def __init__(self, published: Path) -> None:
        super().__init__(daemon=True)
        self.path = published / "current" / "winback.duckdb"
        self.is_done, self.errors, self.weeks = threading.Event(), list[str](), set[str]()
        self.held = duckdb.connect(str(self.path.resolve()), read_only=True)
        self.before = self.held.execute("SELECT * FROM plan_assignments ORDER BY ALL").fetchall()

    def run(self) -> None:
        while not self.is_done.wait(0.05):
            try:
                with duckdb.connect(str(self.path.resolve()), read_only=True) as con:
                    rows = con.execute("SELECT as_of_on FROM core_week").fetchall()
                self.weeks.update(str(day) for (day,) in rows)
            except duckdb.Error as error:
                self.errors.append(str(error))

    def stop(self) -> None:
        """Stop; what was held open from the beginning must read as it did."""
        self.is_done.set()
        self.join()
        after = self.held.execute("SELECT * FROM plan_assignments ORDER BY ALL").fetchall()
        self.held.close()
        assert after == self.before
        assert self.errors == []


def warehouse(scene: Scene) -> Path:
    return scene.root / "warehouse.duckdb"


def current(scene: Scene) -> Path:
    return (scene.root / "published" / "current").resolve()


def inbox_spend(scene: Scene) -> Path:
    return next((scene.root / "inbox").glob("spend_*.csv"))


# ---- the warehouse and what lies beside it ---------------------------------------------------------------------------


def do_garble_warehouse(scene: Scene) -> None:
    warehouse(scene).write_bytes(b"not a database at all\n" * 5_000)


def do_cut_warehouse(scene: Scene) -> None:
    data = warehouse(scene).read_bytes()
    warehouse(scene).write_bytes(data[: len(data) // 2])


def do_empty_warehouse(scene: Scene) -> None:
    warehouse(scene).write_bytes(b"")


def do_remove_warehouse(scene: Scene) -> None:
    warehouse(scene).unlink()


def do_rebuild(scene: Scene) -> None:
    with scene.child(scene.root, "rebuild", "--no-run") as running:
        said, _ = running.communicate()
    assert running.returncode == 0, said


def do_hide_archived_file(scene: Scene) -> None:
    scene.keep(max((scene.root / "archive").glob("??/*.csv")), None)


def do_damage_archived_ledger(scene: Scene) -> None:
    scene.keep(next((scene.root / "archive" / "ledger").glob("ledger_assignments-*.parquet")), b"damaged")


do_bring_back_archived_file = do_mend_archived_ledger = Scene.give_back


def do_garble_dagster(scene: Scene) -> None:
    for path in (scene.root / "dagster").rglob("*.db"):
        path.write_bytes(b"garbage" * 1_000)


def do_clear_dagster(scene: Scene) -> None:
    for name in ("history", "schedules", "storage"):
        shutil.rmtree(scene.root / "dagster" / name, ignore_errors=True)


def do_damage_model(scene: Scene) -> None:
    newest = max((scene.root / "models" / "return_time").glob("2*"))
    largest = max(newest.iterdir(), key=lambda path: path.stat().st_size)
    data = largest.read_bytes()
    largest.write_bytes(data[: len(data) // 2] + b"\0" + data[len(data) // 2 + 1 :])


def do_delete_model(scene: Scene) -> None:
    shutil.rmtree(max((scene.root / "models" / "return_time").glob("2*")))


# ---- inbox, locks, leftovers -----------------------------------------------------------------------------------------


def do_open_for_writing(scene: Scene) -> None:
    scene.open.enter_context(inbox_spend(scene).open("ab"))


def do_close(scene: Scene) -> None:
    scene.open.close()


def do_cut_file(scene: Scene) -> None:
    data = inbox_spend(scene).read_bytes()
    path = inbox_spend(scene)
    scene.kept[path] = data
    scene.kept[path.with_name(path.name + ".meta.json")] = path.with_name(path.name + ".meta.json").read_bytes()
    path.write_bytes(data[: 2 * len(data) // 3])


do_deliver_whole = Scene.give_back


def do_hold_lock(scene: Scene) -> None:
    lock = FileLock(scene.root / "state" / "workspace.lock")
    lock.acquire()
    scene.open.callback(lock.release)
    (scene.root / "state" / "workspace_holder.txt").write_text("process 1 on elsewhere\n", encoding="utf-8")


do_give_back_lock = do_close


def do_leave_holders(scene: Scene) -> None:
    for name in ("run", "workspace"):
        (scene.root / "state" / f"{name}_holder.txt").write_text("process 4194304 on gone\n", encoding="utf-8")
        (scene.root / "state" / f"{name}.lock").touch()


def do_leave_partials(scene: Scene) -> None:
    root = scene.root
    for folder in (
        root / "published" / ".2026-01-12-r1.part" / "playbooks",
        root / "models" / "return_time" / ".2026-01-12.part",
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "half").write_text("half", encoding="utf-8")
    for path in (
        root / "archive" / ".arriving.csv",
        root / "archive" / "ledger" / ".ledger_files.part",
        root / "archive" / "ledger" / ".ledger.json.part",
        root / "state" / ".status.json.abcdefgh",
        root / "state" / "quarantine.parquet.part",
        root / "warehouse.rebuilding.duckdb",
    ):
        path.write_bytes(b"half")
    link = root / "published" / ".current.new"
    with suppress(FileExistsError):
        link.symlink_to("nowhere")


def do_read_on(scene: Scene) -> None:
    scene.reader = Reader(scene.root / "published")
    scene.reader.start()


def do_start_another_run(scene: Scene) -> None:
    scene.other = scene.child(scene.root, "run")
    time.sleep(1)


def do_wait_for_other_run(scene: Scene) -> None:
    assert scene.other is not None
    output, _ = scene.other.communicate(timeout=1800)
    assert scene.other.returncode == 0, output


# ---- the published week ----------------------------------------------------------------------------------------------


def do_remove_current(scene: Scene) -> None:
    (scene.root / "published" / "current").unlink()


def do_remove_outbox(scene: Scene) -> None:
    max(p for p in (scene.root / "outbox").iterdir() if p.name[:1] == "2").unlink()


def do_damage_list(scene: Scene) -> None:
    path = min((current(scene) / "playbooks").glob("rep_*.csv"))
    path.write_bytes(path.read_bytes()[:-7])


def do_damage_reader(scene: Scene) -> None:
    (current(scene) / "winback.duckdb").write_bytes(b"garbage" * 100)


def do_remove_published(scene: Scene) -> None:
    shutil.rmtree(current(scene))


# ---- a real disk -----------------------------------------------------------------------------------------------------


def mount_small_disk(folder: Path, megabytes: int) -> Callable[[], None]:
    """Mount a file system of its own on `folder`; returns how to unmount it. Skips where this user may not."""
    done = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        if shutil.which("mount") and sys.platform == "linux"
        else None
    )
    if done is None or done.returncode:
        pytest.skip("this user may not mount a file system")
    return lambda: subprocess.run(["umount", str(folder)], check=True) and None


def do_fill_disk(scene: Scene) -> None:
    free = shutil.disk_usage(scene.root).free
    with (scene.root.parent / "filler").open("wb") as stream:
        stream.write(bytes(max(free - 65_536, 0)))


def do_empty_disk(scene: Scene) -> None:
    (scene.root.parent / "filler").unlink()


def do_mount_read_only(scene: Scene) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(scene.root.parent)], check=True)


def do_mount_writable(scene: Scene) -> None:
    subprocess.run(["mount", "-o", "remount,rw", str(scene.root.parent)], check=True)
