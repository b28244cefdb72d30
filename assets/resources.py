"""The resources that assets use.

Belongs here: what an asset may ask for, as plain objects. Does not belong here: reading the environment; `pipelines` says
which workspace and which clock.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg

from assets.attempts import ATTEMPTS, RUN_NOT_AGAIN
from assets.workspace import Warehouse, Workspace, open_warehouse
from winback.passing_errors import may_pass

WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class RunOptions:
    """What an operator may ask of one run, by run tags."""

    reopen: bool = False
    accepted_reason: str | None = None

    TAG_REOPEN = "winback/reopen"
    TAG_ACCEPT = "winback/accept"


def run_options(context: dg.AssetExecutionContext) -> RunOptions:
    """The options of a run from its tags."""
    tags = context.run.tags
    return RunOptions(tags.get(RunOptions.TAG_REOPEN) == "yes", tags.get(RunOptions.TAG_ACCEPT))


def warehouse_resource(
    workspace: Callable[[], Workspace],
    today: Callable[[], date],
    wait_seconds: float,
    secrets: Mapping[str, str] | None = None,
) -> dg.ResourceDefinition:
    """A resource that holds the workspace's lock and the open warehouse for as long as the run lasts."""

    @dg.resource(description="The open warehouse of the workspace; holding it is holding the workspace's lock.")
    @contextmanager
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        with ExitStack() as stack:
            yield _opened(
                context, lambda: stack.enter_context(open_warehouse(workspace(), today, wait_seconds, secrets)), wait_seconds
            )

    return warehouse


def _opened(context: dg.InitResourceContext, open_it: Callable[[], Warehouse], wait_seconds: float) -> Warehouse:
    """The warehouse, tried again within `wait_seconds` while another program has its file open.

    A run whose warehouse cannot be opened for a reason that stays is marked, so that the daemon does not try it again.
    """
    waited = 0.0
    for attempt in range(1, ATTEMPTS.max_retries + 1):
        try:
            return open_it()
        except Exception as error:
            if not may_pass(error):
                _mark(context, RUN_NOT_AGAIN)
                raise
            seconds = ATTEMPTS.calculate_delay(attempt)
            waited += seconds
            has_waited = isinstance(error.__cause__, TimeoutError)  # for the lock, as long as it was told
            if has_waited or waited > wait_seconds:
                raise
            time.sleep(seconds)
    return open_it()


def _mark(context: dg.InitResourceContext, tags: dict[str, str]) -> None:
    if context.instance is not None and context.run_id:
        context.instance.add_run_tags(context.run_id, tags)
