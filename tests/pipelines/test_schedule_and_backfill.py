"""When weeks run: on Mondays whatever the clocks do, in order when many are asked for at once, and fresh or not by then."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView, TemporalContext
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import CronFreshnessPolicyEvaluator
from dagster._core.execution.asset_backfill import AssetBackfillData, execute_asset_backfill_iteration_inner
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.loader import LoadingContextForTest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget, ModuleTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.schedules import schedule_execution_time_iterator

from assets.partitions import weekly_partitions
from assets.resources import RunOptions
from assets.workspace import Workspace
from pipelines.build import build_defs
from pipelines.cli.execution import Execution
from pipelines.run_queue import BACKFILL_TAG
from pipelines.schedules import MONDAY_CRON, monday_schedule, weekly_freshness
from tests.conftest import TODAY, accounts_csv, spend_csv
from winback.config import Settings

ROOT = Path(__file__).parents[2]
UTC = ZoneInfo("UTC")
OWN_WARNING = pytest.mark.filterwarnings(  # of Dagster, about itself
    "ignore:.*(AssetSelection.sources|environment_vars).*:DeprecationWarning"
)
LOG = logging.getLogger("backfill")


@pytest.mark.parametrize(
    ("zone", "begin", "offsets_hours"),
    [
        ("Europe/London", "2026-03-16", [0, 0, 1]),
        ("Europe/London", "2026-10-12", [1, 1, 0]),
        ("America/New_York", "2026-02-23", [-5, -5, -4]),
        ("America/New_York", "2026-10-19", [-4, -4, -5]),
        ("Asia/Shanghai", "2026-03-16", [8, 8, 8]),
    ],
)
def test_every_monday_at_six_once_when_clocks_change(zone: str, begin: str, offsets_hours: list[int]) -> None:
    """Clocks change on the Sunday before the third Monday; the week asked for is the Monday's own and can be run by then."""
    first = datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(zone))
    ticks = list(islice(schedule_execution_time_iterator(first.timestamp(), MONDAY_CRON, zone), 3))
    assert [tick.utcoffset() for tick in ticks] == [timedelta(hours=h) for h in offsets_hours]
    schedule = monday_schedule(zone)
    for number, tick in enumerate(ticks):
        monday = (first + timedelta(weeks=number)).date()
        assert (tick.date(), tick.hour, tick.minute) == (monday, 6, 0)
        context = dg.build_schedule_context(scheduled_execution_time=tick)
        request = schedule(context)
        assert isinstance(request, dg.RunRequest) and request.run_key == request.partition_key == monday.isoformat()
        with dg.partition_loading_context(effective_dt=tick):
            assert weekly_partitions(zone).get_last_partition_key() == monday.isoformat()


@pytest.mark.parametrize(
    ("looked_at", "state"),
    [
        ("2026-03-02 12:01", FreshnessState.PASS),
        ("2026-03-09 11:59", FreshnessState.PASS),
        ("2026-03-09 12:01", FreshnessState.FAIL),
    ],
)
def test_a_week_is_fresh_until_the_next_is_due(looked_at: str, state: FreshnessState) -> None:
    zone = ZoneInfo("Asia/Shanghai")

    @dg.asset(freshness_policy=weekly_freshness("Asia/Shanghai"))
    def made() -> None:
        pass

    graph = dg.Definitions(assets=[made]).resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        with freeze_time(datetime(2026, 3, 2, 6, 10, tzinfo=zone)):
            instance.report_runless_asset_event(dg.AssetMaterialization("made"))
        with freeze_time(datetime.fromisoformat(looked_at).replace(tzinfo=zone)):
            evaluated = CronFreshnessPolicyEvaluator().evaluate_freshness(
                LoadingContextForTest(instance), graph.get(dg.AssetKey("made"))
            )
            assert asyncio.run(evaluated) == state


def test_every_asset_of_the_project_follows_the_week(tmp_path: Path) -> None:
    """Each promises the same, and each weekly one hangs on the week."""
    freshness = weekly_freshness("Asia/Shanghai")
    definitions = build_defs(
        timezone="Asia/Shanghai", workspace=lambda: Workspace(tmp_path, Settings()), today=lambda: TODAY, freshness=freshness
    )
    specs = list(definitions.resolve_all_asset_specs())
    assert {spec.freshness_policy for spec in specs} == {freshness}
    graph, week = definitions.resolve_asset_graph(), dg.AssetKey("core_week")
    weekly = {spec.key for spec in specs if spec.partitions_def is not None}
    assert {key for key in weekly if key != week and week not in graph.get_ancestor_asset_keys(key)} == set()


@OWN_WARNING
@pytest.mark.slow
def test_a_backfill_of_52_weeks_is_52_whole_runs_in_order(tmp_path: Path) -> None:
    """Dagster's own judgement of what to run, on the project's own graph as the daemon sees it."""
    now = datetime(2026, 3, 4, tzinfo=UTC)
    weeks = [(datetime(2025, 3, 10) + timedelta(weeks=n)).date().isoformat() for n in range(52)]
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name="pipelines.definitions")
    location = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target, location_name="winback"))
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        create_test_daemon_workspace_context(location, instance) as context,
        freeze_time(now),
    ):
        graph = context.create_request_context().asset_graph
        weekly = {key for key in graph.materializable_asset_keys if graph.get(key).is_partitioned}
        data = AssetBackfillData.from_asset_partitions(
            partition_names=list(reversed(weeks)),
            asset_graph=graph,
            asset_selection=sorted(weekly),
            dynamic_partitions_store=instance,
            all_partitions=False,
            backfill_start_timestamp=now.timestamp(),
        )
        view = AssetGraphView(
            temporal_context=TemporalContext(effective_dt=now, last_event_id=None), instance=instance, asset_graph=graph
        )
        found = execute_asset_backfill_iteration_inner("weeks", data, view, now.timestamp(), LOG, None)
    assert len(weekly) > 40
    assert [r.partition_key for r in found.run_requests] == weeks
    assert {frozenset(weekly - set(r.asset_selection or [])) for r in found.run_requests} == {frozenset()}


@contextmanager
def daemon_of(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[dg.DagsterInstance, object]]:
    """The workspace's own instance, and the project's definitions served to it as `winback daemon` has them served."""
    monkeypatch.setenv("WINBACK_WORKSPACE", str(place.root))
    monkeypatch.setenv("DAGSTER_HOME", str(place.folder("dagster")))
    target = ModuleTarget("pipelines.definitions", None, str(ROOT), "winback")
    with dg.DagsterInstance.get() as instance, create_test_daemon_workspace_context(target, instance) as context:
        yield instance, context


@OWN_WARNING
@pytest.mark.slow
def test_the_daemon_runs_a_backfill_one_week_at_a_time(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three weeks through Dagster's backfill and queue daemons and processes of their own, on loaded files."""
    place = make_workspace(settings=Settings(), accounts=accounts_csv(20), spend=spend_csv(20, 12, seed=3))
    Execution(place, TODAY, 0.0).load()
    weeks = ["2026-02-16", "2026-02-23", "2026-03-02"]
    definitions = build_defs(timezone=Settings().workspace.timezone, workspace=lambda: place, today=lambda: TODAY)
    with daemon_of(place, monkeypatch) as (instance, context):
        backfill = PartitionBackfill.from_asset_partitions(
            backfill_id="weeks",
            asset_graph=definitions.resolve_asset_graph(),
            partition_names=list(reversed(weeks)),
            asset_selection=[dg.AssetKey("core_week")],
            backfill_timestamp=datetime.now(UTC).timestamp(),
            tags={RunOptions.TAG_ACCEPT: "a test"},
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
        instance.add_backfill(backfill)
        queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
        for _ in range(600):
            assert [error for error in execute_backfill_iteration(context, LOG) if error] == []
            assert [error for error in queue.run_iteration(context) if error] == []
            if instance.get_backfill("weeks").status.value.startswith("COMPLETED"):
                break
        assert instance.get_backfill("weeks").status.value == "COMPLETED_SUCCESS"
        records = sorted(instance.get_run_records(dg.RunsFilter(tags={BACKFILL_TAG: "weeks"})), key=lambda r: r.start_time)
        assert [r.dagster_run.tags["dagster/partition"] for r in records] == weeks
        assert all(before.end_time <= after.start_time for before, after in pairwise(records))
        asyncio.run(FreshnessDaemon()._evaluate_assets(context))
        key = dg.AssetKey("core_week")
        assert instance.get_freshness_state_records([key])[key].freshness_state == FreshnessState.PASS
