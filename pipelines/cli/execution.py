"""Running jobs in this process, on a workspace's own Dagster instance.

Belongs here: executing a job with progress on the terminal, and turning a failure into one message. Does not belong here:
what the jobs are, or printing results.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assets.resources import RunOptions
from assets.state import write_state
from assets.storage_faults import storage_fault
from assets.workspace import Workspace, open_warehouse
from pipelines.build import build_defs
from pipelines.cli.console import errors
from pipelines.jobs import LOAD_JOB, LOADED_WEEK_JOB, WEEKLY_JOB
from winback.errors import RunFailedError, WinbackError
from winback.publication.week_ledger import close_week, find_week

_FOR_PEOPLE = {error.__name__ for known in WinbackError.__subclasses__() for error in (known, *known.__subclasses__())}
"""Errors whose message is shown as it is, whatever caused them."""
_CHECK_FAILED = "DagsterAssetCheckFailedError"
"""What Dagster raises after a blocking check; the check itself says more."""


class Execution:
    """Runs of one workspace, on one day."""

    def __init__(self, workspace: Workspace, today: date, wait_seconds: float) -> None:
        self._workspace, self._today, self._wait_seconds = workspace, today, wait_seconds
        self._definitions = build_defs(
            timezone=workspace.settings.workspace.timezone,
            workspace=lambda: workspace,
            today=lambda: today,
            wait_seconds=wait_seconds,
            secrets=os.environ,
        )

    def load(self) -> None:
        """Load the inbox. Raises RunFailedError if that fails."""
        self._execute(LOAD_JOB, "Loading", None, {})

    def run_week(self, monday: date, *, reopen: bool, accepted_reason: str | None, is_loaded: bool = False) -> None:
        """Bring out one week, without looking into the inbox again if `is_loaded`.

        A week that the feed gate withholds is no error here; the ledger tells.
        Raises RunFailedError if the run fails otherwise, and records it.
        """
        tags = {RunOptions.TAG_REOPEN: "yes" if reopen else "no"}
        if accepted_reason:
            tags[RunOptions.TAG_ACCEPT] = accepted_reason
        try:
            self._execute(LOADED_WEEK_JOB if is_loaded else WEEKLY_JOB, f"Week {monday}", monday.isoformat(), tags)
        except RunFailedError as error:
            if not self._was_withheld(monday, str(error)):
                raise

    def _execute(self, job: str, title: str, partition: str | None, tags: dict[str, str]) -> None:
        with _instance(self._workspace.folder("dagster")) as instance, _progress(title) as handler:
            definition = dg.Definitions.merge(
                self._definitions, dg.Definitions(loggers={"progress": _logger_to(handler)})
            ).resolve_job_def(job)
            handler.total = len(definition.graph.node_dict)
            result = definition.execute_in_process(
                instance=instance,
                partition_key=partition,
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"progress": {}}},
            )
        if not result.success:
            raise RunFailedError(_cause(result, self._workspace))

    def _was_withheld(self, monday: date, message: str) -> bool:
        """Whether the failed run was the feed gate's doing; any other failure is entered in the ledger."""
        with open_warehouse(self._workspace, lambda: self._today, self._wait_seconds) as warehouse:
            week = find_week(warehouse.con, monday)
            if week is None or week.state == "published":
                return False
            if week.state == "withheld":
                return True
            close_week(warehouse.con, week, "failed", message.splitlines()[0])
            write_state(warehouse)
            return False


def _cause(result: dg.ExecuteInProcessResult, workspace: Workspace) -> str:
    """The first failure of a run in one message; the traceback goes to a file in the workspace."""
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if error is None or event.is_step_up_for_retry or error.cls_name == _CHECK_FAILED:
            continue
        root = error
        while root.cause is not None and root.cls_name not in _FOR_PEOPLE:
            root = root.cause
        message = root.message.strip().partition(": ")[2] or root.message.strip()
        if root.cls_name in _FOR_PEOPLE:
            return message
        fault = storage_fault(message)
        if fault is not None:
            return fault
        log = workspace.folder("state") / "last_error.log"
        log.write_text(error.to_string(), encoding="utf-8")
        step = f" in {event.step_key}" if event.step_key else ""
        return f"the run failed{step}: {root.cls_name}: {message.splitlines()[0]}. Details: {log}"
    failed = [
        f"{e.asset_check_evaluation_data.asset_key.to_user_string()}: "
        + "; ".join(
            f"{k}: {v.value}"
            for k, v in e.asset_check_evaluation_data.metadata.items()
            if k not in ("expectations", "broken") and not isinstance(v, dg.MarkdownMetadataValue)
        )
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
        and not e.asset_check_evaluation_data.passed
        and e.asset_check_evaluation_data.severity == dg.AssetCheckSeverity.ERROR
    ]
    return "a check failed: " + (" | ".join(failed) or "see the run in the web UI")


@contextmanager
def _instance(home: Path) -> Iterator[dg.DagsterInstance]:
    previous = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    finally:
        if previous is None:
            del os.environ["DAGSTER_HOME"]
        else:
            os.environ["DAGSTER_HOME"] = previous


class _StepHandler(logging.Handler):
    """Moves the progress bar on as Dagster starts steps."""

    def __init__(self, progress: Progress, title: str) -> None:
        super().__init__()
        self._progress = progress
        self._task = progress.add_task(title, total=None, step="")
        self._n_done = 0
        self.total: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        kind = getattr(event, "event_type_value", "")
        if kind == "STEP_START":
            self._progress.update(self._task, total=self.total, step=event.step_key)
        elif kind == "STEP_SUCCESS":
            self._n_done += 1
            self._progress.update(self._task, total=self.total, completed=self._n_done)


@contextmanager
def _progress(title: str) -> Iterator[_StepHandler]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[step]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:
        yield _StepHandler(progress, title)


def _logger_to(handler: logging.Handler) -> dg.LoggerDefinition:
    @dg.logger
    def quiet(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("winback")
        logger.addHandler(handler)
        return logger

    return quiet
