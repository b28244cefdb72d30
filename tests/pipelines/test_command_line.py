"""The command line: exit codes and messages, as a user's shell sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def winback(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pipelines.cli.app import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=240, check=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--workspace", "nowhere"), "is no workspace"),
        (("run", "--workspace", "ws", "--week", "2026-03-03"), "is a Tuesday"),
        (("run", "--workspace", "ws", "--week", "soon"), "YYYY-MM-DD"),
        (("run", "--workspace", "ws", "--wait", "long"), "is not a time to wait"),
        (("run", "--workspace", "ws", "--week", "2126-03-04"), "has not begun"),
        (("init", "ws"), "is a workspace already"),
        (("init", "other", "--currency", "money"), "cannot be used"),
        (("quarantine", "--workspace", "ws", "--file", "x.csv"), "no row of a file"),
        (("account", "A1", "--workspace", "ws"), "no week has been run"),
        (("frobnicate",), "No such command"),
    ],
)
def test_wrong_use_is_one_clear_message_and_exit_code_2(arguments, message, workspace: Path) -> None:
    result = winback(*arguments, cwd=workspace)
    assert result.returncode == 2, result.stderr
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr + result.stdout


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    assert winback("init", "ws", cwd=folder).returncode == 0
    (folder / "ws" / "state" / "quarantine.parquet").unlink(missing_ok=True)
    return folder


def test_init_makes_folders_settings_and_templates(workspace: Path) -> None:
    ws = workspace / "ws"
    assert {p.name for p in ws.iterdir()} >= {
        "winback.toml",
        "inbox",
        "templates",
        "archive",
        "models",
        "published",
        "outbox",
        "dagster",
    }
    assert len(list((ws / "templates").glob("*.csv"))) == 19
    assert oct((ws / "winback.toml").stat().st_mode & 0o777) == "0o600"


def test_status_of_a_fresh_workspace_as_json(workspace: Path) -> None:
    state = json.loads(winback("status", "--workspace", "ws", "--json", cwd=workspace).stdout)
    assert state["files"] == state["weeks"] == []
    assert set(state["totals"].values()) == {0} and {"rows_received", "rows_suppressed"} <= state["totals"].keys()


@pytest.mark.slow
def test_a_workspace_without_files_withholds_the_week_and_says_what_is_missing(workspace: Path) -> None:
    winback("init", "bare", cwd=workspace)
    result = winback("run", "--workspace", "bare", cwd=workspace)
    assert result.returncode == 1
    assert "nothing of 'accounts' has been loaded" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
