"""The doctor names what is wrong and what to do."""

import json
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from assets.doctor import examine
from assets.doctor_environment import examine_environment
from assets.finding import Finding
from assets.workspace import Workspace
from pipelines.cli.app import app
from pipelines.cli.state import EMPTY, read_state
from tests.conftest import TODAY, drop
from winback.config import AlertSettings, DeliverySettings, RetentionSettings, Settings
from winback.errors import RunFailedError


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


def test_records_that_are_damaged_or_lead_nowhere_are_named(make_workspace: Callable[..., Workspace]) -> None:
    place = private(make_workspace())
    (place.folder("state") / "status.json").write_text('{"weeks": [')
    (place.folder("published") / "current").symlink_to("2026-03-02-r1")
    (place.folder("outbox") / "2026-03-02").symlink_to("../published/2026-03-02-r1/playbooks")
    (place.folder("state") / "suppressed.jsonl").write_text("")
    (place.folder("dagster") / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    found = {f.subject: f for f in examine(place, dict(EMPTY), datetime.combine(TODAY, time(9)))}
    levels = {s: f.level for s, f in found.items() if f.level != "ok" and s != "Weeks"}
    assert levels == {"State": "fail", "Links": "fail", "Suppression": "fail", "Dagster": "warn"}
    assert all(found[subject].fix for subject in levels)
    assert "published/current, outbox/2026-03-02" in found["Links"].seen
    told = CliRunner().invoke(app, ["doctor", "-w", str(place.root)])
    assert isinstance(told.exception, RunFailedError) and "cannot be read" in told.output
    (place.folder("dagster") / "dagster.yaml").unlink()
    assert "missing" in look_at(place)["Dagster"].seen


def look_at(place: Workspace, secrets: dict[str, str] | None = None) -> dict[str, Finding]:
    return {f.subject: f for f in examine(place, dict(EMPTY), datetime.combine(TODAY, time(9)), secrets)}


def test_channels_without_their_secrets_are_named_and_secrets_are_not(make_workspace: Callable[..., Workspace]) -> None:
    alerts = AlertSettings(
        is_webhook_enabled=True,
        smtp_host="mail.firm.example",
        smtp_user="w",
        mail_from="w@f.example",
        mail_to=("o@f.example",),
    )
    place = make_workspace(settings=Settings(alerts=alerts))
    secrets = {"WINBACK_ALERT_WEBHOOK": "ftp://hook.example/KEY", "WINBACK_SMTP_PASSWORD": "PASS"}
    findings = [f for f in examine(place, dict(EMPTY), datetime.combine(TODAY, time(9)), {}) if f.subject == "Alerts"]
    assert [f.level for f in findings] == ["warn", "warn"]
    assert "WINBACK_SMTP_PASSWORD" in findings[1].fix
    half = look_at(place, secrets)["Alerts"]
    assert "WINBACK_ALERT_WEBHOOK" in half.fix and "KEY" not in half.seen + half.fix
    secrets["WINBACK_ALERT_WEBHOOK"] = "https://hook.example/KEY"
    assert "Alerts" not in look_at(place, secrets)


def test_without_a_workspace_or_with_wrong_settings_the_environment_is_looked_at_all_the_same(
    make_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    told = CliRunner().invoke(app, ["doctor", "-w", str(tmp_path / "none"), "--json"])
    lines = {line["subject"]: line for line in json.loads(told.stdout)}
    assert set(lines) == {"Python", "Packages", "Contracts", "Settings"}
    assert lines["Settings"]["level"] == "fail" and "winback init" in lines["Settings"]["fix"]
    place = make_workspace()
    (place.root / "winback.toml").write_text('[workspace]\ntimezone = "Mars/Olympus"\n')
    told = CliRunner().invoke(app, ["doctor", "-w", str(place.root), "--json"])
    (line,) = [line for line in json.loads(told.stdout) if line["subject"] == "Settings"]
    assert "Mars/Olympus" in line["seen"] and line["fix"] == "mend winback.toml"


def test_a_broken_installation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "assets.doctor_environment.importlib.metadata.requires", lambda _: ["polars>=999", "no-such-package"]
    )
    monkeypatch.setattr("assets.doctor_environment.ZoneInfo", no_zones)
    monkeypatch.setattr("assets.doctor_environment.load_contract", no_zones)
    found = {f.subject: f for f in examine_environment()}
    assert {s: f.level for s, f in found.items() if f.level != "ok"} == {
        "Packages": "fail", "Time zone": "fail", "Contracts": "fail",
    }  # fmt: skip
    assert "no-such-package is missing" in found["Packages"].seen and "needed is >=999" in found["Packages"].seen
    assert all(f.fix for f in found.values() if f.level != "ok")


def no_zones(key: str) -> None:
    raise OSError(f"no file for {key}")


def test_what_is_kept_for_how_long_is_told(make_workspace: Callable[..., Workspace]) -> None:
    assert look_at(make_workspace())["Retention"].seen == "everything is kept"
    kept = RetentionSettings(published_weeks=12, archive_days=400, is_rebuild_kept=False)
    seen = look_at(make_workspace("other", settings=Settings(retention=kept)))["Retention"].seen
    assert seen.startswith("archive_days 400, published_weeks 12; a lost warehouse cannot")
