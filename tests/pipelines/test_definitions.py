"""The definitions: what there is, when it runs, and that it loads fast."""

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.partitions import weekly_partitions
from assets.registry import GROUPS
from assets.workspace import Workspace
from pipelines.build import build_defs
from winback.config import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    root = tmp_path_factory.mktemp("ws")
    return build_defs(
        timezone="Asia/Shanghai", workspace=lambda: Workspace(root, Settings()), today=lambda: date(2026, 3, 4)
    )


def test_definitions_are_loadable_and_every_asset_is_described(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    specs = list(definitions.resolve_all_asset_specs())
    assert len(specs) > 40
    for spec in specs:
        name = spec.key.to_user_string()
        assert spec.description, name
        assert spec.owners, name
        assert spec.kinds, name
        assert spec.group_name in GROUPS, name
        assert "dagster/column_schema" in spec.metadata or name == "published_week", name


def test_the_graph_is_as_recorded(definitions: dg.Definitions) -> None:
    recorded = ROOT / "tests" / "pipelines" / "definitions.txt"
    lines = [
        f"{spec.group_name}/{spec.key.to_user_string()} <- {', '.join(sorted(d.asset_key.to_user_string() for d in spec.deps))}"
        for spec in sorted(definitions.resolve_all_asset_specs(), key=lambda s: (GROUPS.index(s.group_name), s.key))
    ]
    checks = definitions.resolve_asset_graph().asset_check_keys
    lines += sorted(f"check {key.asset_key.to_user_string()}: {key.name}" for key in checks)
    lines += [f"job {job.name}" for job in sorted(definitions.jobs, key=lambda j: j.name)]
    lines += [f"schedule {s.name} {s.cron_schedule} {s.execution_timezone}" for s in definitions.schedules]
    actual = "\n".join(lines) + "\n"
    assert recorded.read_text(encoding="utf-8") == actual, "changed on purpose? write the new text to definitions.txt"


@pytest.mark.parametrize(
    ("now", "last"),
    [("2026-03-02 00:05", "2026-03-02"), ("2026-03-01 23:55", "2026-02-23"), ("2026-03-08 23:59", "2026-03-02")],
)
def test_the_last_week_is_the_current_monday(now: str, last: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.partition_loading_context(effective_dt=moment):
        assert weekly_partitions("Asia/Shanghai").get_last_partition_key() == last


def test_the_schedule_runs_the_week_of_its_monday(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("monday_playbooks")
    tick = datetime(2026, 3, 2, 6, tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.build_schedule_context(
        scheduled_execution_time=tick, repository_def=definitions.get_repository_def()
    ) as context:
        request = schedule.evaluate_tick(context).run_requests[0]
    assert request.partition_key == "2026-03-02"


def test_heavy_libraries_are_not_imported_with_the_definitions() -> None:
    """What makes loading slow is imports: definitions may add at most 2 s, so none of the heavy ones may come with them."""
    code = (
        "import sys, pipelines.definitions; "
        "heavy = 'great_expectations lifelines xgboost sklearn matplotlib pandas phonenumbers'.split(); "
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.strip() == "[]"
