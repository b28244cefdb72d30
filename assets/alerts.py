"""Sending alerts.

Belongs here: the channels - a file always, a web hook and mail where the workspace names them. Does not belong here: the words
(`winback.alerts`), or when an alert is due (`pipelines.sensors`).

A channel that fails is entered in the file beside the alert: one that cannot be reached keeps nobody else from being told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from email.message import EmailMessage

from assets.mail import mail_server, send_mail
from assets.workspace import Workspace, append_lines
from winback.alerts.alert import Alert
from winback.config import AlertSettings
from winback.endpoints import is_loopback

TIMEOUT_SECONDS = 20.0


def send_alert(workspace: Workspace, alert: Alert, today: date, secrets: Mapping[str, str]) -> list[str]:
    """Send an alert through every channel of the workspace; returns in words which failed, never an address."""
    settings = workspace.settings.alerts
    failures = []
    for name, is_on, send in (
        ("web hook", settings.is_webhook_enabled, _to_webhook),
        ("mail", bool(settings.smtp_host), _to_mail),
    ):
        problem = send(settings, alert, secrets) if is_on else None
        if problem:
            failures.append(f"{name}: {problem}")
    line = {"on": today.isoformat()} | asdict(alert) | {"not_sent": failures}
    append_lines(workspace.folder("state") / "alerts.jsonl", [line])
    return failures


def _to_webhook(settings: AlertSettings, alert: Alert, secrets: Mapping[str, str]) -> str | None:
    """None once the other side has taken it; its address holds a key, so no error is passed on."""
    import requests

    url = secrets.get(settings.webhook_url_variable, "")
    if not (url.startswith("https://") or is_loopback(url)):
        return f"{settings.webhook_url_variable} is not set to an https address"
    text = (
        {"text": alert.text} if settings.webhook_format == "slack" else {"msgtype": "text", "text": {"content": alert.text}}
    )
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.post(url, json=text, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException:
            return "not reached"
    return None if response.ok else f"refused with status {response.status_code}"


def _to_mail(settings: AlertSettings, alert: Alert, secrets: Mapping[str, str]) -> str | None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = alert.title, settings.mail_from, ", ".join(settings.mail_to)
    mail.set_content(alert.text)
    problem = send_mail(mail_server(settings, secrets), mail)
    return None if problem is None else problem.text
