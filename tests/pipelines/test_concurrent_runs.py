"""Several runs started together on one workspace, and a reader that never stops."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import duckdb
import pytest

from assets.workspace import Workspace
from tests.conftest import accounts_csv, spend_csv
from winback.config import Settings, WorkspaceSettings

N_RUNS = 4


class Reader(threading.Thread):
    """Reads the published week every 50 ms until told to stop; keeps what it saw."""

    def __init__(self, place: Workspace) -> None:
        super().__init__()
        self._database = place.folder("published") / "current" / "winback.duckdb"
        self.is_done = threading.Event()
        self.seen: set[tuple[int, int]] = set()
        self.errors: list[str] = []

    def run(self) -> None:
        while not self.is_done.wait(0.05):
            if not self._database.exists():
                continue
            try:
                with duckdb.connect(str(self._database.resolve()), read_only=True) as con:
                    lapsed = con.execute("SELECT count(*) FROM core_lapses").fetchone()
                    split = con.execute(
                        "SELECT (SELECT count(*) FROM out_playbook) + (SELECT count(*) FROM out_not_this_week)"
                    ).fetchone()
            except duckdb.Error as error:
                self.errors.append(str(error))
                continue
            self.seen.add((lapsed[0], split[0]))


@pytest.mark.slow
def test_four_runs_started_together_bring_out_one_week(make_workspace: Callable[..., Workspace]) -> None:
    settings = Settings(workspace=WorkspaceSettings(clock="data"))
    place = make_workspace(settings=settings, accounts=accounts_csv(60), spend=spend_csv(60, 40, seed=1))
    reader = Reader(place)
    reader.start()
    command = [sys.executable, "-c", "from pipelines.cli.app import main; main()", "run", "--workspace", str(place.root)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(N_RUNS)]
    output = [run.communicate(timeout=900)[0] for run in runs]
    time.sleep(0.2)
    reader.is_done.set()
    reader.join()
    assert [run.returncode for run in runs] == [0] * N_RUNS, output
    assert sum("published already" in text for text in output) == N_RUNS - 1
    assert reader.errors == []
    assert len(reader.seen) == 1 and all(lapsed == split for lapsed, split in reader.seen)
