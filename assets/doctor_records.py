"""What a look at a workspace's records and secrets finds.

Belongs here: state files, links, Dagster's settings, the list of the erased, alert channels, retention. Does not belong here: runs,
weeks, the warehouse (`assets.doctor`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from assets.finding import Finding
from assets.suppression import KEY, LIST
from assets.workspace import Workspace
from assets.workspace_files import DAGSTER_SETTINGS
from winback.endpoints import is_loopback


def state_file(workspace: Workspace) -> Iterator[Finding]:
    """Whether what runs leave behind can be read."""
    path = workspace.folder("state") / "status.json"
    try:
        json.loads(path.read_text(encoding="utf-8") if path.is_file() else "{}")
    except ValueError as error:
        yield Finding("State", "fail", f"{path} cannot be read: {error}", f"delete {path}; winback run writes it anew")


def links(workspace: Workspace) -> Iterator[Finding]:
    """Whether the links by which people find weeks lead somewhere."""
    candidates = [workspace.folder("published") / "current", *sorted(workspace.folder("outbox").iterdir())]
    broken = [str(p.relative_to(workspace.root)) for p in candidates if p.is_symlink() and not p.exists()]
    if broken:
        fix = "bring the week out again: winback run --week MONDAY, or go back: winback publish --to MONDAY --reason WHY"
        yield Finding("Links", "fail", f"lead nowhere: {', '.join(broken)}", fix)


def suppression(workspace: Workspace) -> Iterator[Finding]:
    """Without its key nobody can tell who was erased, and runs stop rather than let them back in."""
    state = workspace.folder("state")
    if (state / LIST).is_file() and not (state / KEY).is_file():
        yield Finding("Suppression", "fail", f"{LIST} is there and {KEY} is not", f"put {state / KEY} back from the backup")


def dagster_settings(workspace: Workspace) -> Iterator[Finding]:
    """Dagster reports usage by default; the workspace's settings say no."""
    path = workspace.folder("dagster") / "dagster.yaml"
    try:
        settings: Any = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except yaml.YAMLError:
        settings = None
    wanted = yaml.safe_load(DAGSTER_SETTINGS)
    if not isinstance(settings, dict):
        seen = "missing or not readable, so Dagster would report usage"
    elif settings.get("telemetry") != wanted["telemetry"]:
        seen = "they do not switch telemetry off"
    else:
        return
    fix = "copy dagster/dagster.yaml from a workspace made by: winback init"
    yield Finding("Dagster", "warn", f"{path}: {seen}", fix)


def alerts(workspace: Workspace, secrets: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the channels that are switched on have what they need in the environment."""
    settings = workspace.settings.alerts
    hook = secrets.get(settings.webhook_url_variable, "")
    if settings.is_webhook_enabled and not (hook.startswith("https://") or is_loopback(hook)):
        fix = f"set {settings.webhook_url_variable} to the hook's https address where the daemon runs, too"
        yield Finding("Alerts", "warn", "the web hook is switched on and its address is not in the environment", fix)
    if settings.smtp_host and settings.smtp_user and not secrets.get(settings.smtp_password_variable):
        fix = f"set {settings.smtp_password_variable} where the daemon runs, too"
        yield Finding("Alerts", "warn", "mail is switched on and its password is not in the environment", fix)


def retention(workspace: Workspace) -> Iterator[Finding]:
    """What is kept for how long; never a fault."""
    settings = workspace.settings.retention
    limits = [f"{name} {value}" for name, value in settings if name != "is_rebuild_kept" and value]
    rest = "" if settings.is_rebuild_kept else "; a lost warehouse cannot be made again from the archive"
    yield Finding("Retention", "ok", (", ".join(limits) or "everything is kept") + rest)
