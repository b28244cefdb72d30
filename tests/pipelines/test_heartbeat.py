"""A daemon that runs, one that is silent, and a workspace where none ever ran."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as clock_time

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from assets.doctor import Finding, examine
from assets.workspace import Workspace
from pipelines.cli.state import read_state
from pipelines.cli.status import status
from pipelines.heartbeat import daemon_heard_at
from tests.conftest import TODAY

MINUTE = 60.0


@pytest.fixture
def place(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


def beat(place: Workspace, seconds_ago: float) -> None:
    with dg.DagsterInstance.from_config(str(place.folder("dagster"))) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds_ago, "SCHEDULER", "one"))


def doctor_says(place: Workspace, now: datetime) -> Finding:
    findings = examine(place, read_state(place) | {"daemon_heard_at": daemon_heard_at(place)}, now)
    (found,) = [f for f in findings if f.subject == "Daemon"]
    return found


def status_says(place: Workspace, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, object], str]:
    status(place.root, as_json=True)
    told = json.loads(capsys.readouterr().out)["daemon"]
    status(place.root)
    return told, " ".join(capsys.readouterr().out.split())


def test_where_no_daemon_ran_nothing_is_wrong(place: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert daemon_heard_at(place) is None
    assert doctor_says(place, datetime.combine(TODAY, clock_time(9), UTC)).level == "ok"
    told, shown = status_says(place, capsys)
    assert told == {"heard_at": None, "is_alive": False} and "No daemon ever ran here" in shown


@pytest.mark.parametrize(("minutes_ago", "level", "words"), [(1, "ok", "is alive"), (6, "fail", "is silent since")])
def test_a_silent_daemon_is_told(
    place: Workspace, capsys: pytest.CaptureFixture[str], minutes_ago: int, level: str, words: str
) -> None:
    beat(place, minutes_ago * MINUTE)
    found = doctor_says(place, datetime.now(UTC))
    assert found.level == level and ("winback daemon" in found.fix) == (level == "fail")
    told, shown = status_says(place, capsys)
    assert told["is_alive"] == (level == "ok") and words in shown
