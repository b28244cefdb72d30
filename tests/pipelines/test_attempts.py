"""What may pass is tried again with waits that grow, what may not is not, and a run that died is taken up."""

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import filelock
import pytest
import requests
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from assets import resources, steps
from assets.resources import warehouse_resource
from assets.steps import is_unattended, with_rules
from assets.workspace import Workspace
from pipelines.abandoned import YOUNG, close_abandoned
from pipelines.sensors import failure_sensor
from tests.conftest import TODAY
from winback.errors import PassingError, RunFailedError, UsageError, WithheldError
from winback.passing_errors import may_pass

QUICK = dg.RetryPolicy(max_retries=3, delay=0)
FULL = OSError(errno.ENOSPC, "No space left on device")
LOCKED = duckdb.IOException('IO Error: Could not set lock on file "w.duckdb": Conflicting lock is held in python (PID 1)')
NO_ROOM = duckdb.TransactionException("Failed to commit: Could not write file: No space left on device")


def caused(error: Exception, by: BaseException) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        LOCKED,
        NO_ROOM,
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        OSError(errno.EBUSY, "Device or resource busy"),
        PassingError("spend.csv is still being written"),
        filelock.Timeout("w.lock"),
        requests.ConnectionError("no route"),
        requests.Timeout("too slow"),
        caused(RunFailedError("the lists could not be put into the folder"), FULL),
    ],
    ids=lambda e: f"{type(e).__name__} {e}"[:60],
)
def test_locks_full_disks_and_lost_answers_may_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("No space left on device"),
        OSError(errno.EACCES, "Permission denied"),
        OSError(errno.EROFS, "Read-only file system"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        duckdb.IOException("IO Error: Corrupt database file"),
        duckdb.ConversionException("Conversion Error: no number"),
        RunFailedError("week 2026-03-02 is published and would now come out differently"),
        caused(UsageError("the folder is set wrongly"), FULL),
        caused(WithheldError("half a file"), LOCKED),
        requests.HTTPError("403"),
        MemoryError(),
    ],
    ids=lambda e: f"{type(e).__name__} {e}"[:60],
)
def test_everything_else_stays(error: Exception) -> None:
    assert not may_pass(error)


class Faults:
    """An asset that meets the given errors, one at each attempt, before it succeeds."""

    def __init__(
        self, place: Workspace, errors: list[Exception], monkeypatch: pytest.MonkeyPatch, wait_seconds: float
    ) -> None:
        monkeypatch.setattr(steps, "ATTEMPTS", QUICK)
        monkeypatch.setattr(steps, "is_unattended", lambda _: True)
        monkeypatch.setattr(resources, "ATTEMPTS", QUICK)
        self.errors, self.n_attempts = errors, 0

        @dg.multi_asset(
            name="faulty", specs=[dg.AssetSpec("one"), dg.AssetSpec("two")], required_resource_keys={"warehouse"}
        )
        def faulty(context: dg.AssetExecutionContext) -> Any:
            yield dg.MaterializeResult("one")
            self.n_attempts += 1
            if self.errors:
                raise self.errors.pop(0)
            yield dg.MaterializeResult("two")

        warehouse = warehouse_resource(lambda: place, lambda: TODAY, wait_seconds)
        self.definitions = dg.Definitions(
            assets=[with_rules(faulty)], resources={"warehouse": warehouse}, executor=dg.in_process_executor
        )

    def run(self, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(instance=instance, raise_on_error=False)


def fails_with(result: dg.ExecuteInProcessResult) -> str:
    """The root of the one failure."""
    (failure,) = result.get_failed_step_keys() and [e for e in result.all_events if e.is_step_failure]
    error = failure.step_failure_data.error
    while error.cause is not None:
        error = error.cause
    return error.cls_name


@pytest.fixture
def place(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


def test_a_step_goes_on_when_what_stopped_it_has_passed(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(place, [FULL, LOCKED, PassingError("still being written")], monkeypatch, 0.0)
    with dg.DagsterInstance.ephemeral() as instance:
        result = faults.run(instance)
    assert result.success and faults.n_attempts == 4
    assert sum(e.is_step_up_for_retry for e in result.all_events) == 3


def test_a_command_fails_at_once_and_says_why(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(place, [FULL], monkeypatch, 0.0)
    monkeypatch.setattr(steps, "is_unattended", is_unattended)
    with dg.DagsterInstance.ephemeral() as instance:
        result = faults.run(instance)
    assert faults.n_attempts == 1 and fails_with(result) == "OSError"


def test_what_stays_is_tried_once_and_keeps_its_cause(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(place, [UsageError("two members are called alike")], monkeypatch, 0.0)
    with dg.DagsterInstance.ephemeral() as instance:
        result = faults.run(instance)
        tags = instance.get_run_by_id(result.run_id).tags
    assert faults.n_attempts == 1 and fails_with(result) == "UsageError"
    assert "dagster/retry_on_asset_or_op_failure" not in tags


def test_when_attempts_are_used_up_the_error_shows_and_the_run_is_marked(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(place, [OSError(errno.ENOSPC, "full") for _ in range(4)], monkeypatch, 0.0)
    with dg.DagsterInstance.ephemeral() as instance:
        result = faults.run(instance)
        tags = instance.get_run_by_id(result.run_id).tags
    assert faults.n_attempts == 4 and fails_with(result) == "OSError"
    assert tags["dagster/retry_on_asset_or_op_failure"] == "true"


def test_waits_grow_and_differ() -> None:
    from assets.attempts import ATTEMPTS

    for attempt, middle in enumerate([4, 12, 28, 60, 124], start=1):
        waits = {ATTEMPTS.calculate_delay(attempt) for _ in range(20)}
        assert len(waits) == 20 and all(abs(wait - middle) <= 4 for wait in waits)


@pytest.mark.parametrize(("n_busy", "wait_seconds", "is_won"), [(2, 60.0, True), (9, 60.0, False), (1, -1.0, False)])
def test_a_warehouse_that_another_program_has_open_is_waited_for(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, n_busy: int, wait_seconds: float, is_won: bool
) -> None:
    real, asked = resources.open_warehouse, []

    def busy(*arguments: Any) -> Any:
        asked.append(1)
        if len(asked) <= n_busy:
            raise caused(RunFailedError("cannot be opened"), LOCKED)
        return real(*arguments)

    monkeypatch.setattr(resources, "open_warehouse", busy)
    with dg.DagsterInstance.ephemeral() as instance:
        result = Faults(place, [], monkeypatch, wait_seconds).run(instance)
    assert result.success == is_won
    assert len(asked) == (n_busy + 1 if is_won else 1 if wait_seconds < 0 else QUICK.max_retries + 1)


def instance_of(home: Path) -> dg.DagsterInstance:
    """The workspace's own instance, with its settings."""
    return dg.DagsterInstance.from_config(str(home))


def entered(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """A run in the instance's records that no process works on."""

    @dg.op
    def nothing() -> None:
        pass

    @dg.job(name="weekly_playbooks")
    def job() -> None:
        nothing()

    return instance.create_run_for_job(job, status=status)


@pytest.mark.parametrize(
    ("reason", "tags", "is_tried"),
    [
        ("RUN_EXCEPTION", {}, True),
        ("STEP_FAILURE", {}, False),
        ("STEP_FAILURE", {"dagster/retry_on_asset_or_op_failure": "true"}, True),
        ("JOB_INITIALIZATION_FAILURE", {"dagster/max_retries": "0"}, False),
    ],
)
def test_the_daemon_tries_dead_runs_again_and_failed_ones_only_if_it_may_pass(
    place: Workspace, reason: str, tags: dict[str, str], is_tried: bool
) -> None:
    """Dagster's own question, put to the workspace's own settings."""
    with instance_of(place.folder("dagster")) as instance:
        run = entered(instance, dg.DagsterRunStatus.STARTED)
        instance.add_run_tags(run.run_id, {"dagster/failure_reason": reason, **tags})
        instance.report_run_failed(instance.get_run_by_id(run.run_id), "killed")
        assert should_retry(instance.get_run_by_id(run.run_id), instance) == is_tried


def test_a_run_without_a_process_is_closed_and_one_that_works_or_is_young_is_not(place: Workspace) -> None:
    later = datetime.now(UTC) + YOUNG + timedelta(hours=1)
    with instance_of(place.folder("dagster")) as instance:
        run = entered(instance, dg.DagsterRunStatus.STARTED)
        assert close_abandoned(instance, place, datetime.now(UTC), 0.0) == []
        with filelock.FileLock(place.folder("state") / "workspace.lock"):
            assert close_abandoned(instance, place, later, 0.0) == []
        done = entered(instance, dg.DagsterRunStatus.SUCCESS)
        assert close_abandoned(instance, place, later, 0.0) == [run.run_id]
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(done.run_id).status == dg.DagsterRunStatus.SUCCESS
        assert should_retry(instance.get_run_by_id(run.run_id), instance)


def test_people_are_told_when_the_last_attempt_failed(place: Workspace) -> None:
    @dg.op
    def broken() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @dg.job
    def job() -> None:
        broken()

    sensor = failure_sensor(lambda: place, lambda: TODAY, {})
    alerts = place.folder("state") / "alerts.jsonl"
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        for tag, n_told in (("true", 0), ("false", 1)):
            instance.add_run_tags(result.run_id, {"dagster/will_retry": tag})
            context = dg.build_run_status_sensor_context(
                sensor_name="failed_runs",
                dagster_instance=instance,
                dagster_run=instance.get_run_by_id(result.run_id),
                dagster_event=result.get_run_failure_event(),
            )
            sensor(context.for_run_failure())
            assert (len(alerts.read_text().splitlines()) if alerts.exists() else 0) == n_told
