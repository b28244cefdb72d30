"""A simulated market through the whole chain."""

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.demo import TRUTH, create_demo, step_demo
from assets.workspace import Workspace
from data_contracts import load_contract, table_names
from pipelines.cli.execution import Execution
from tests.pipelines.week_checks import Watch
from tests.pipelines.weeks_together import wrong_write_backs
from winback.errors import UsageError
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.file_names import is_promises_file

TODAY = date(2026, 3, 4)
END = date(2026, 1, 5)


def make(root: Path, seed: int = 3) -> Workspace:
    workspace, _ = create_demo(root, n_accounts=300, n_weeks=40, seed=seed, end_on=END)
    return workspace


def inbox_hashes(workspace: Workspace) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(workspace.folder("inbox").iterdir())}


def test_the_same_seed_gives_the_same_files_and_every_table_has_rows(tmp_path: Path) -> None:
    first, second, other = make(tmp_path / "a"), make(tmp_path / "b"), make(tmp_path / "c", seed=4)
    assert inbox_hashes(first) == inbox_hashes(second) != inbox_hashes(other)
    delivered = {path.name.split("_simulated_")[0] for path in first.folder("inbox").glob("*.csv")}
    # note_labels comes from people who label notes, not from a market
    assert delivered == set(table_names("input")) - {"note_labels"}


def test_a_step_without_a_published_week_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="winback run"):
        step_demo(make(tmp_path / "ws"))


@pytest.mark.slow
def test_two_weeks_run_worked_and_written_back_and_the_truth_is_never_read(tmp_path: Path) -> None:
    workspace = make(tmp_path / "ws")
    Execution(workspace, TODAY, 0).run_week(END, reopen=False, accepted_reason=None)
    blind = tmp_path / "blind"
    shutil.copytree(workspace.root, blind, symlinks=True)
    shutil.rmtree(blind / TRUTH)
    week_on, result = step_demo(workspace)
    assert week_on == END
    folder = workspace.folder("outbox") / END.isoformat()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["simulated"] is True
    lists = [p for p in folder.glob("rep_*.csv") if not is_promises_file(p.name)]
    playbook = [read_csv_bytes(p.read_bytes(), load_contract("out_playbook")) for p in lists]
    warnings = {text for rows in playbook for text in rows["usage_warning"]}
    assert warnings and all(text.startswith("simulated") for text in warnings)
    assert result.write_back.height == manifest["chosen"] > 0

    for path in sorted(workspace.folder("inbox").rglob("*")):
        if path.is_file():
            target = blind / "inbox" / path.relative_to(workspace.folder("inbox"))
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(path, target)
    watch = Watch(workspace.settings)
    with duckdb.connect(str(workspace.warehouse_path), read_only=True) as con:
        assert watch.see((workspace.folder("published") / "current").resolve(), con) == []
    after = date(2026, 1, 12)
    outboxes = []
    for place in (workspace, Workspace(blind, workspace.settings)):
        Execution(place, TODAY, 0).run_week(after, reopen=False, accepted_reason=None)
        files = (place.folder("outbox") / after.isoformat()).iterdir()
        outboxes.append({p.name: p.read_bytes() for p in files})
    assert outboxes[0] == outboxes[1]
    with duckdb.connect(str(workspace.warehouse_path), read_only=True) as con:
        assert watch.see((workspace.folder("published") / "current").resolve(), con) == []
        assert wrong_write_backs(con, result.write_back) == []
    state = json.loads((workspace.folder("state") / "status.json").read_text())
    returned = [f for f in state["files"] if f["table"] == "outcomes" and f["file"].startswith("outcomes/")]
    outcomes = [f for f in returned if not is_promises_file(f["file"])]
    assert sum(f["rows_loaded"] for f in outcomes) >= 0.9 * manifest["chosen"]
    assert sum(f["rows_received"] for f in outcomes) == manifest["chosen"]
