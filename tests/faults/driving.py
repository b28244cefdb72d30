"""Driving a chain of faults and judging what is left.

Belongs here: running the struck command, comparing deliveries and sums with the undisturbed ones. Does not belong here: the faults.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from tests.faults.catalogue import Fault, Group
from tests.faults.disturbances import Scene

PROJECT = Path(__file__).parents[2]
SUMS = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate")


@dataclass(frozen=True)
class Outcome:
    """What an undisturbed workspace shows in the end: deliveries by name and hash, sums per file, raw rows by table."""

    deliveries: dict[str, str]
    sums: dict[str, tuple[int, ...]]
    raw_rows: dict[str, int]


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    group: str
    fault: str
    where: str
    struck: str
    says: str
    seconds: float
    after: str = "no"


def child(
    root: Path, *arguments: str, fault: dict[str, object] | None = None, mark: Path | None = None
) -> subprocess.Popen[str]:
    """Start the command on a workspace, with a fault in it."""
    place = [str(root)] if arguments[0] == "PUBLISH" else ["--workspace", str(root)]
    environment = os.environ | {
        "WINBACK_FAULT": json.dumps(fault),
        "WINBACK_FAULT_MARK": str(mark or os.devnull),
        "PYTHONPATH": str(PROJECT),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-P", "-m", "tests.faults.struck", *arguments, *place]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=PROJECT
    )


def winback(
    root: Path, *arguments: str, fault: dict[str, object] | None = None, mark: Path | None = None
) -> tuple[int, str]:
    """Run the command to its end; returns its exit code and all it said."""
    with child(root, *arguments, fault=fault, mark=mark) as running:
        said, _ = running.communicate(timeout=3600)
    return running.returncode, said


def outcome(root: Path) -> Outcome:
    """What the workspace shows now."""
    playbooks = (root / "published" / "current" / "playbooks").resolve()
    outbox = max(p for p in (root / "outbox").iterdir() if p.name[:1] == "2")
    assert outbox.resolve() == playbooks
    deliveries = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(playbooks.iterdir())}
    state = json.loads((root / "state" / "status.json").read_text(encoding="utf-8"))
    sums = {f["file"]: tuple(f[name] for name in SUMS) for f in state["files"]}
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        tables = [
            t for (t,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'raw_%'").fetchall()
        ]
        rows = {t: con.execute(f"SELECT count(*) FROM {t} WHERE _superseded_batch IS NULL").fetchall()[0][0] for t in tables}
    return Outcome(deliveries, sums, rows)


def assert_one_whole_week(root: Path, weeks: set[str]) -> None:
    """What readers see is one of `weeks`, whole: every delivery has the manifest's hash, the database its row counts."""
    published = root / "published" / "current"
    manifest = json.loads((published / "playbooks" / "manifest.json").read_bytes())
    assert manifest["week"] in weeks
    names = {p.name for p in (published / "playbooks").iterdir()} - {"manifest.json"}
    assert names == set(manifest["files"])
    for name, file in manifest["files"].items():
        assert hashlib.sha256((published / "playbooks" / name).read_bytes()).hexdigest() == file["sha256"], name
    with duckdb.connect(str((published / "winback.duckdb").resolve()), read_only=True) as con:
        for table, n_rows in manifest["tables"].items():
            assert con.execute(f"SELECT count(*) FROM {table}").fetchall() == [(n_rows,)], table
        assert con.execute("SELECT CAST(as_of_on AS VARCHAR) FROM core_week").fetchall() == [(manifest["week"],)]


def drive(group: Group, root: Path, undisturbed: Outcome, weeks: set[str], lines: list[Line]) -> None:
    """Let every fault of the group strike, run once undisturbed, and compare; `lines` gets one line per fault."""
    scene, first = Scene(root, child), len(lines)
    try:
        for number, fault in enumerate(group.faults):
            lines.append(_strike(group, fault, number, scene, weeks))
        code, said = winback(root, "run")
        assert code == 0, said
        if scene.reader is not None:
            scene.reader.stop()
            assert scene.reader.weeks <= weeks
    finally:
        scene.open.close()
        if scene.reader is not None:
            scene.reader.is_done.set()
        if scene.other is not None and scene.other.poll() is None:
            scene.other.kill()
    assert_one_whole_week(root, {max(weeks)})
    _assert_same(outcome(root), undisturbed, is_resent=group.is_resent)
    lines[first:] = [replace(line, after="yes") for line in lines[first:]]


def _strike(group: Group, fault: Fault, number: int, scene: Scene, weeks: set[str]) -> Line:
    begun = time.monotonic()
    scene.apply(fault.before)
    struck, last = "yes", ""
    if fault.exit_code is not None:
        mark = scene.root.parent / f"struck_{number}"
        laid = {"point": fault.point, "match": fault.match, "n": fault.n, "when": fault.when, "act": fault.act}
        laid |= {"stays": fault.stays} | fault.extra
        code, said = winback(scene.root, *fault.command, fault=laid if fault.point else None, mark=mark)
        assert not fault.point or mark.exists(), f"{fault.name}: never reached {fault.where}\n{said}"
        assert code == fault.exit_code, f"{fault.name}: exit code {code}\n{said}"
        assert "Traceback" not in said, said
        assert fault.says in " ".join(said.split()), f"{fault.name}: {said}"
        struck, last = ("killed" if code == -9 else f"exit {code}"), _sentence(said)
    scene.apply(fault.cure)
    if not group.begins_published:
        assert_one_whole_week(scene.root, weeks)
    return Line(group.name, fault.name, fault.where, struck, last, time.monotonic() - begun)


def _sentence(said: str) -> str:
    found = [line for line in said.splitlines() if "winback:" in line] or said.strip().splitlines()[-1:]
    return " ".join(found[-1].split())[:300] if found else ""


def _assert_same(after: Outcome, undisturbed: Outcome, *, is_resent: bool) -> None:
    changed = {
        n for n in after.deliveries | undisturbed.deliveries if after.deliveries.get(n) != undisturbed.deliveries.get(n)
    }
    assert not changed, f"other deliveries: {sorted(changed)}"
    assert after.raw_rows == undisturbed.raw_rows
    assert all(received == loaded + held + double for received, loaded, held, double in after.sums.values())
    if not is_resent:
        assert after.sums == undisturbed.sums
