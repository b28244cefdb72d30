"""Forty weeks of `winback run` and `winback demo-step` on 2,000 simulated accounts: every week holds what a week must hold.

Hours; `make long`. WINBACK_LONG_ACCOUNTS and WINBACK_LONG_WEEKS set other sizes, WINBACK_LONG_FOLDER keeps the workspace.
"""

import hashlib
import os
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.demo import TRUTH, create_demo, step_demo
from assets.workspace import Workspace
from pipelines.cli.execution import Execution
from tests.pipelines.week_checks import Watch
from tests.pipelines.weeks_together import wrong_effect, wrong_shares, wrong_write_backs

FIRST = date(2026, 1, 5)
N_ACCOUNTS = int(os.environ.get("WINBACK_LONG_ACCOUNTS", "2000"))
N_WEEKS = int(os.environ.get("WINBACK_LONG_WEEKS", "40"))
RUN_AGAIN_EVERY = 13


def run(workspace: Workspace, monday: date) -> Path:
    """Publish the week on the Tuesday after its Monday and return its folder."""
    Execution(workspace, monday + timedelta(days=1), 0).run_week(monday, reopen=False, accepted_reason=None)
    folder = (workspace.folder("published") / "current").resolve()
    assert folder.name == f"{monday}-r1", f"the week of {monday} was not published"
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((folder / "playbooks").iterdir())}


@pytest.mark.long
def test_forty_weeks_hold_what_a_week_must_hold(tmp_path: Path) -> None:
    root = Path(os.environ.get("WINBACK_LONG_FOLDER", tmp_path / "ws"))
    workspace, _ = create_demo(root, n_accounts=N_ACCOUNTS, n_weeks=60, seed=11, end_on=FIRST)
    watch, wrong, write_back = Watch(workspace.settings), [], None
    for number in range(N_WEEKS):
        monday, begun = FIRST + timedelta(days=7 * number), time.monotonic()
        folder = run(workspace, monday)
        seconds = time.monotonic() - begun
        with duckdb.connect(str(workspace.warehouse_path), read_only=True) as con:
            found = watch.see(folder, con)
            found += wrong_write_backs(con, write_back) if write_back is not None else []
        if number % RUN_AGAIN_EVERY == 0:
            before = digests(folder)
            found += [f"{monday}: other bytes when run again"] if digests(run(workspace, monday)) != before else []
        week = watch.weeks[-1]
        print(
            f"{monday} {seconds:5.0f} s, {week.lapsed.height} lapsed, {week.lists.height} listed",
            *found,
            sep="\n  ",
            flush=True,
        )
        wrong += found
        _, result = step_demo(workspace)
        write_back = result.write_back
    sizes = pl.Series([week.lists.height for week in watch.weeks])
    assert sizes.min() > 0, f"an empty week: {sizes.to_list()}"
    wrong += wrong_shares(watch.weeks, workspace.settings)
    wrong += wrong_effect((workspace.folder("published") / "current").resolve(), workspace.root / TRUTH)
    assert not wrong, "\n".join(wrong)
