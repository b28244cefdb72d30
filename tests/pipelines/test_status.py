"""`winback status` before anything came, and when a week is due."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from assets.workspace import Workspace
from pipelines.cli.app import app
from pipelines.cli.status import _overdue_week
from tests.conftest import MONDAY
from winback.config import Settings

WEEK = timedelta(days=7)


def test_status_of_a_fresh_workspace_is_shown(make_workspace: Callable[..., Workspace]) -> None:
    told = CliRunner().invoke(app, ["status", "-w", str(make_workspace().root)])
    assert told.exit_code == 0 and "total" in told.output


@pytest.mark.parametrize(
    ("today", "published", "due"),
    [
        (MONDAY, [], MONDAY - WEEK),  # the day of the run is not yet held against it
        (MONDAY, [MONDAY - WEEK], None),
        (MONDAY, [MONDAY], None),  # a workspace that began this morning
        (MONDAY + timedelta(days=1), [MONDAY - WEEK], MONDAY),
        (MONDAY + timedelta(days=1), [MONDAY], None),
    ],
)
def test_a_week_is_due_from_tuesday_on(today: date, published: list[date], due: date | None) -> None:
    weeks = [{"week": day.isoformat(), "state": "published"} for day in published]
    state = {"newest_spend_on": MONDAY.isoformat(), "weeks": weeks}
    assert _overdue_week(state, Settings(), today) == due
