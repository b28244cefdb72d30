"""The chance and time of return under the shipped protocols, on real logs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("winback")


def winback(*arguments: str) -> str:
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def holds(workspace: Path, protocol: str) -> None:
    report = json.loads(winback("evaluate", "returns", str(workspace), "--protocol", protocol, "--json"))
    for model, figures in report["models"].items():
        print(f"{model:18}", {name: round(f["value"], 4) for name, f in figures.items() if f["value"] is not None})
    missed = [v["words"] for v in report["verdicts"] if v["kind"] == "hold" and not v["is_met"]]
    assert not missed, missed


def test_cdnow(tmp_path: Path) -> None:
    winback("import", "cdnow", str(tmp_path / "ws"))
    holds(tmp_path / "ws", "cdnow")


@pytest.mark.skipif("ONLINE_RETAIL" not in os.environ, reason="ONLINE_RETAIL names no copy of the log")
def test_online_retail(tmp_path: Path) -> None:
    winback("import", "online-retail", os.environ["ONLINE_RETAIL"], str(tmp_path / "ws"))
    holds(tmp_path / "ws", "online_retail")
