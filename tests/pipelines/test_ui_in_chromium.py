"""The data team's pages in a real Chromium: assets, checks, plots, and a run started there."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from browser import CHROMIUM, Page, browsing

from assets.workspace import Workspace
from assets.workspace_files import create_workspace
from pipelines.cli.execution import Execution
from tests.conftest import TODAY, accounts_csv, spend_csv
from winback.config import Settings, WorkspaceSettings

ROOT = Path(__file__).parents[2]
PICTURES = os.environ.get("WINBACK_UI_PICTURES")
"""A folder for pictures of the pages, for people to look at."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose files are loaded, with one more waiting in the inbox."""
    settings = Settings(workspace=WorkspaceSettings(clock="data"))
    place = create_workspace(tmp_path_factory.mktemp("ui") / "ws", settings)
    inbox = place.folder("inbox")
    (inbox / "accounts.csv").write_text(accounts_csv(20), encoding="utf-8")
    (inbox / "spend.csv").write_text(spend_csv(20, 12, seed=3), encoding="utf-8")
    Execution(place, TODAY, 0.0).load()
    (inbox / "spend_late.csv").write_text(
        "spend_line_id,account_id,spent_on,amount\nX1,A0001,2026-02-20,12\n", encoding="utf-8"
    )
    return place


@pytest.fixture(scope="module")
def address(place: Workspace) -> Iterator[str]:
    """Where `winback ui` serves the workspace."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from pipelines.cli.app import main; main()",
        "ui",
        "-w",
        str(place.root),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield _answering(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait(timeout=60)


def _answering(address: str, server: subprocess.Popen[bytes]) -> str:
    last = time.monotonic() + 180
    while server.poll() is None and time.monotonic() < last:
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{address}/server_info", timeout=30),
        ):
            return address
        time.sleep(1)
    raise AssertionError("winback ui does not answer")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("profile")) as page:
        yield page


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.picture(Path(PICTURES) / f"{name}.png")


def test_the_graph_shows_the_layers(page: Page, address: str) -> None:
    page.open(f"{address}/asset-groups")
    page.wait_for("Global asset lineage", "raw", "core", "week", "features", "plan", "out", "track")
    keep(page, "graph")


def test_an_assets_page_says_what_it_is_and_plots_its_rows(page: Page, address: str) -> None:
    page.open(f"{address}/assets/raw_spend")
    page.wait_for("Row count", "winback-data", "As delivered, every version", "rows loaded (newest files)", "Plots")
    page.click("Plots")
    page.wait_for("rows in quarantine")
    _wait_until(page, "document.querySelectorAll('canvas').length > 0")
    page.run("document.querySelector('canvas').scrollIntoView()")
    keep(page, "plots")


def test_the_checks_tab_says_the_rule_and_how_it_stands(page: Page, address: str) -> None:
    page.open(f"{address}/assets/raw_spend?view=checks")
    page.wait_for("contract", "The table keeps its contract", "Passed")
    keep(page, "checks")


def test_a_run_is_started_and_succeeds_without_a_daemon(page: Page, address: str, place: Workspace) -> None:
    page.open(f"{address}/locations/pipelines.definitions/jobs/load_inbox_files")
    page.click("Materialize all")
    deadline = time.monotonic() + 400
    while any((place.folder("inbox")).iterdir()) and time.monotonic() < deadline:
        time.sleep(1)
    assert not any(place.folder("inbox").iterdir()), "the file that waited has been loaded"
    page.open(f"{address}/runs")
    page.wait_for("load_inbox_files", "Success")
    keep(page, "runs")
    with dg.DagsterInstance.from_config(str(place.folder("dagster"))) as instance:
        newest = instance.get_run_records(limit=1)[0].dagster_run
    assert newest.job_name == "load_inbox_files" and newest.remote_job_origin is not None, (
        "started in the page, not by the test"
    )


def _wait_until(page: Page, condition: str) -> None:
    last = time.monotonic() + 120
    while not page.run(condition):
        assert time.monotonic() < last, f"never: {condition}"
        time.sleep(0.5)
