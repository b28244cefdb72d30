"""The prepared workspace of the fault suite, and its report."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.driving import Line, Outcome, outcome, winback

WEEKS = {"2026-01-05", "2026-01-12"}


class Prepared(NamedTuple):
    """A simulated workspace whose first week is out and whose second week's files wait, and what the second comes to."""

    waiting: Path
    published: Path
    undisturbed: Outcome


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made once; with WINBACK_FAULT_BASE in that folder, where the next session finds it."""
    kept = os.environ.get("WINBACK_FAULT_BASE")
    base = Path(kept) if kept else tmp_path_factory.mktemp("faults")
    if not (base / "published").is_dir():
        _prepare(base)
    return Prepared(base / "waiting", base / "published", outcome(base / "published"))


def _prepare(base: Path) -> None:
    from assets.demo import create_demo, step_demo

    working = base / "working"
    os.umask(0o077)
    place, _ = create_demo(working, n_accounts=80, n_weeks=40, seed=7, end_on=date(2026, 1, 5))
    settings = working / "winback.toml"
    # Every week trains its own models, so that faults meet their being written.
    settings.write_text(settings.read_text().replace("retrain_after_days = 28", "retrain_after_days = 7"))
    _run(working)
    step_demo(place)
    shutil.copytree(working, base / "waiting", symlinks=True)
    _run(working)
    working.rename(base / "published")


def _run(root: Path) -> None:
    code, said = winback(root, "run")
    assert code == 0, said


@pytest.fixture(scope="session")
def lines() -> Iterator[list[Line]]:
    """The report's lines; written to the file WINBACK_FAULT_REPORT names."""
    found: list[Line] = []
    yield found
    target = os.environ.get("WINBACK_FAULT_REPORT")
    if target and found:
        rows = [f"| {n} | {' | '.join(_cells(line))} |" for n, line in enumerate(found, start=1)]
        title = "| no | group | fault | where | what happened | what was said | same deliveries | rows kept | seconds |\n"
        Path(target).write_text(title + "|---" * 9 + "|\n" + "\n".join(rows) + "\n", encoding="utf-8")


def _cells(line: Line) -> list[str]:
    told = (line.group, line.fault, f"`{line.where}`", line.struck, line.says, line.after, line.after, f"{line.seconds:.0f}")
    return [text.replace("|", "/") for text in told]
