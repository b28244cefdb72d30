"""One weekly run as a user starts it, watched: seconds of every asset, memory over time, and the floor beside it.

Belongs here: workspaces for the benchmark, the child process and its memory, steps from the run's own events, the floor.
Does not belong here: the files (`scale_files`), figures for people (`scale`).
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np

from assets.workspace import Workspace, open_workspace
from assets.workspace_files import create_workspace
from pipelines.build import build_defs
from winback.config import Settings

SAMPLE_SECONDS = 0.1
MEGABYTE = 1 << 20

_WIDE = """
CREATE TABLE wide AS SELECT account_id, count(*) AS n_lines, count(DISTINCT spent_on) AS n_days,
    min(spent_on) AS first_on, max(spent_on) AS last_on, sum(amount) AS amount, min(amount) AS least,
    max(amount) AS most, avg(amount) AS mean, stddev(amount) AS spread, sum(quantity) AS quantity,
    sum(discount_amount) AS discount, count(discount_amount) AS n_discounts, max_by(category, spent_on) AS last_category,
    sum(CASE WHEN spent_on >= $day - 91 THEN amount END) AS amount_91,
    sum(CASE WHEN spent_on >= $day - 365 THEN amount END) AS amount_365,
    sum(CASE WHEN spent_on >= $day - 91 THEN 1 ELSE 0 END) AS n_91,
    sum(CASE WHEN spent_on >= $day - 365 THEN 1 ELSE 0 END) AS n_365
FROM spend GROUP BY account_id
"""

_FLOOR = """
import duckdb, sys, time
from pathlib import Path
database, folder, query = sys.argv[1:4]
start = time.monotonic()
con = duckdb.connect(database)
con.execute("SET memory_limit = '8GB'")
con.execute("SET enable_progress_bar = false")
for path in sorted(Path(folder).glob("*.parquet")):
    con.execute(f"CREATE TABLE {path.stem} AS SELECT * FROM read_parquet('{path}')")
con.execute("CHECKPOINT")
loaded = time.monotonic()
con.execute(query)
con.execute("CHECKPOINT")
con.close()
print(loaded - start, time.monotonic() - loaded, time.process_time())
"""


@dataclass(frozen=True)
class Step:
    """One step of a run: the asset group and its name, when it ran (seconds since the epoch), processor and peak memory."""

    group: str
    name: str
    start: float
    end: float
    processor_seconds: float
    peak_mb: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(frozen=True)
class Watched:
    """One `winback run`: wall and processor seconds, peak resident memory, load of the machine before it, its steps."""

    seconds: float
    processor_seconds: float
    peak_mb: float
    load_before: float
    steps: tuple[Step, ...]
    labelled_notes: int

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self) | {"steps": [asdict(s) | {"seconds": s.seconds} for s in self.steps]}


def make_workspace(root: Path, files: Path) -> Workspace:
    """A workspace whose clock is its data, with `files` in the inbox."""
    workspace = create_workspace(root, Settings.model_validate({"workspace": {"clock": "data", "is_simulated": True}}))
    deliver(workspace, files)
    return workspace


def deliver(workspace: Workspace, files: Path) -> None:
    """Put every file of a folder into the inbox, without copying its bytes."""
    for path in sorted(files.glob("*.parquet")):
        os.link(path, workspace.folder("inbox") / path.name)


def take_models(workspace: Workspace, other: Workspace) -> None:
    """Give a workspace the fitted models of another."""
    shutil.copytree(other.folder("models"), workspace.folder("models"), dirs_exist_ok=True)


@dataclass(frozen=True)
class Floor:
    """Seconds to load files with DuckDB alone and of one wide group-by over spend, and of the processor for both."""

    load_seconds: float
    group_seconds: float
    processor_seconds: float

    @property
    def seconds(self) -> float:
        """Load and group-by together."""
        return self.load_seconds + self.group_seconds


def measure_floor(folder: Path, database: Path, day: date) -> Floor:
    """What DuckDB alone needs for the files of `folder`, in a process of its own."""
    query = _WIDE.replace("$day", f"DATE '{day}'")
    database.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", _FLOOR, str(database), str(folder), query], check=True, capture_output=True, text=True
    )
    database.unlink()
    return Floor(*map(float, done.stdout.split()))


def watch_run(root: Path, log: Path) -> Watched:
    """`winback run` on a workspace in a process of its own. Raises RuntimeError with its last words if it fails."""
    known, load, before = _run_ids(root), os.getloadavg()[0], resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.time()
    with log.open("w", encoding="utf-8") as stream:
        command = [str(Path(sys.executable).with_name("winback")), "run", "--workspace", str(root)]
        child = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        memory = _Samples(child.pid)
        code = child.wait()
        memory.join()
    seconds, after = time.time() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise RuntimeError(f"winback run ended with {code}:\n" + log.read_text(encoding="utf-8")[-2000:])
    steps, labelled = _steps(root, known, memory)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = memory.peak(started, time.time())
    rest = Step(
        "outside steps",
        "(start-up, between steps, end)",
        0.0,
        seconds - sum(s.seconds for s in steps),
        processor - sum(s.processor_seconds for s in steps),
        peak,
    )
    return Watched(seconds, processor, peak, load, (*steps, rest), labelled)


class _Samples(threading.Thread):
    """Samples resident memory and processor time of a process until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._folder = Path(f"/proc/{pid}")
        self._times: list[float] = []
        self._megabytes: list[float] = []
        self._processor: list[float] = []
        self.start()

    def run(self) -> None:
        page, tick = resource.getpagesize() / MEGABYTE, os.sysconf("SC_CLK_TCK")
        while True:
            try:
                resident = int((self._folder / "statm").read_text(encoding="ascii").split()[1])
                counts = (self._folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except (OSError, IndexError):
                return
            if not resident:
                return
            self._times.append(time.time())
            self._megabytes.append(resident * page)
            self._processor.append((int(counts[11]) + int(counts[12])) / tick)
            time.sleep(SAMPLE_SECONDS)

    def peak(self, start: float, end: float) -> float:
        """The most memory between two times, in megabytes."""
        first, last = bisect_left(self._times, start), bisect_right(self._times, end)
        return max(self._megabytes[max(first - 1, 0) : last + 1], default=0.0)

    def processor(self, start: float, end: float) -> float:
        """Processor seconds between two times, both cores together."""
        before, after = np.interp([start, end], self._times, self._processor)
        return float(after - before)


def _run_ids(root: Path) -> set[str]:
    with _instance(root) as instance:
        return {run.run_id for run in instance.get_runs()}


def _steps(root: Path, known: set[str], memory: _Samples) -> tuple[list[Step], int]:
    """Steps of the runs that are new, with the group of the assets they made; and how many notes were labelled."""
    groups, steps, labelled = _groups(root), [], 0
    with _instance(root) as instance:
        for run in instance.get_runs():
            if run.run_id in known:
                continue
            made: dict[str, str] = {}
            for entry in instance.all_logs(run.run_id):
                event = entry.dagster_event
                if event is None or event.step_key is None or event.asset_key is None:
                    continue
                asset = event.asset_key.to_user_string()
                made.setdefault(event.step_key, groups.get(asset, "checks"))
                if (
                    event.is_step_materialization
                    and "labelled now" in event.step_materialization_data.materialization.metadata
                ):
                    labelled += int(event.step_materialization_data.materialization.metadata["labelled now"].value)
            for stats in instance.get_run_step_stats(run.run_id):
                if stats.start_time is not None and stats.end_time is not None:
                    group = made.get(stats.step_key, "checks")
                    start, end = stats.start_time, stats.end_time
                    steps.append(
                        Step(group, stats.step_key, start, end, memory.processor(start, end), memory.peak(start, end))
                    )
    steps.sort(key=lambda s: s.start)
    if any(a.end > b.start + SAMPLE_SECONDS for a, b in pairwise(steps)):
        raise RuntimeError("steps overlap: their seconds cannot be added up")
    return steps, labelled


def _groups(root: Path) -> dict[str, str]:
    workspace = open_workspace(root)
    zone = workspace.settings.workspace.timezone
    definitions = build_defs(timezone=zone, workspace=lambda: workspace, today=date.today)
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key).group_name or "other" for key in graph.get_all_asset_keys()}


def _instance(root: Path) -> dg.DagsterInstance:
    os.environ["DAGSTER_HOME"] = str((root / "dagster").resolve())
    return dg.DagsterInstance.get()
