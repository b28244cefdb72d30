"""`make run`'s job: the whole CDNOW log through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data_contracts import load_contract
from winback.playbook.csv_file import read_csv_bytes


def winback(*arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-c", "from pipelines.cli.app import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_cdnow_from_import_to_playbook(tmp_path: Path) -> None:
    winback("import", "cdnow", "ws", cwd=tmp_path)
    printed = winback("run", "--workspace", "ws", cwd=tmp_path)
    assert "93,229 loaded, 0 held back, 0 duplicates" in printed
    state = json.loads(winback("status", "--workspace", "ws", "--json", cwd=tmp_path))
    rows = {f["table"]: (f["rows_received"], f["rows_loaded"]) for f in state["files"]}
    assert rows == {"accounts": (23_570, 23_570), "spend": (69_659, 69_659)}
    assert [w["state"] for w in state["weeks"]] == ["published"]
    folder = tmp_path / "ws" / "outbox" / "1998-07-06"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["chosen"] == 31  # 600 minutes, 19 for a row that asks
    assert manifest["lapsed"] == 31 + sum(manifest["not_chosen"].values())
    (playbook,) = folder.glob("rep_*.csv")
    rows_of_rep = read_csv_bytes(playbook.read_bytes(), load_contract("out_playbook"))
    chances = [float(p) for p in rows_of_rep["return_prob"]]
    assert all(0 < p < 1 for p in chances)
    again = winback("run", "--workspace", "ws", cwd=tmp_path)
    assert "revision 1" in again


@pytest.mark.slow
def test_the_bars_of_the_return_protocol_are_held(tmp_path: Path) -> None:
    winback("import", "cdnow", "ws", cwd=tmp_path)
    printed = winback("evaluate", "returns", "ws", "--protocol", "cdnow", "--json", "--report", "page.html", cwd=tmp_path)
    report = json.loads(printed)
    assert report["n_rows"] == 20_479
    assert [v["words"] for v in report["verdicts"] if v["kind"] == "hold" and not v["is_met"]] == []
    # the best published peer has 0.752: far more would mean that the future had leaked into the features
    assert report["models"]["champion"]["roc_auc"]["value"] < 0.80
    assert {"kaplan_meier", "cox", "bg_nbd", "recency_only"} <= set(report["models"])
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<table" in page
    assert "http://" not in page
