"""The doctor names what is wrong and what to do."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

from filelock import FileLock

from assets.doctor import Finding, examine
from assets.workspace import Workspace
from pipelines.cli.state import read_state
from tests.conftest import TODAY, drop
from winback.config import DeliverySettings, Settings


def private(place: Workspace) -> Workspace:
    """As the command line makes it, whose umask keeps others out."""
    for path in (place.root, *place.root.iterdir()):
        path.chmod(0o700)
    return place


def look(place: Workspace, **state: object) -> dict[str, Finding]:
    return {f.subject: f for f in examine(place, read_state(place) | state, datetime.combine(TODAY, time(9)))}


def test_a_fresh_workspace_is_in_order(make_workspace: Callable[..., Workspace]) -> None:
    found = look(private(make_workspace()))
    assert {s: f.level for s, f in found.items() if f.level != "ok"} == {"Weeks": "warn"}


def test_every_finding_that_is_not_ok_says_what_to_do(make_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    settings = Settings(delivery=DeliverySettings(folder=str(tmp_path / "desks"), group="no-such-group"))
    place = private(make_workspace(settings=settings))
    drop(place, "spend.csv", "x")
    place.folder("inbox").chmod(0o755)
    (place.folder("published") / "2031-01-06-r1").mkdir()
    stale = (TODAY - timedelta(days=40)).isoformat()
    week = {"week": "2026-03-02", "state": "withheld", "reason": "half of the rows"}
    (place.folder("state") / "erasure_pending.json").write_text("{}")
    with FileLock(place.folder("state") / "workspace.lock"):
        found = look(place, newest_spend_on=stale, weeks=[week])
    levels = {s: f.level for s, f in found.items() if f.level != "ok"}
    assert levels == {
        "File modes": "warn", "Lock": "warn", "Erasure": "fail", "Clock": "fail",
        "Inbox": "warn", "Weeks": "fail", "Freshness": "fail",
        "Delivery": "fail",
    }  # fmt: skip
    assert all(found[subject].fix for subject in levels)
    assert "half of the rows" in found["Weeks"].seen and "40 days" in found["Freshness"].seen
