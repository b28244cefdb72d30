"""The resources that assets use.

Belongs here: what an asset may ask for, as plain objects. Does not belong here: reading the environment; `pipelines` says
which workspace and which clock.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg

from assets.workspace import Warehouse, Workspace, open_warehouse

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

    @contextmanager
    def opened() -> Iterator[Warehouse]:
        with open_warehouse(workspace(), today, wait_seconds, secrets) as warehouse:
            yield warehouse

    @dg.resource(description="The open warehouse of the workspace; holding it is holding the workspace's lock.")
    @contextmanager
    def warehouse(_: dg.InitResourceContext) -> Iterator[Warehouse]:
        with opened() as open_:
            yield open_

    return warehouse
