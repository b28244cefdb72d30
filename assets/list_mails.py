"""Lists by mail.

Belongs here: which list goes to which address, and that none goes twice. Does not belong here: the connection (`assets.mail`), the
words (`winback.playbook.cover_note`).

`state/mailed.jsonl` tells of every file what became of it, without addresses: `sending` before it is handed over, then `sent`,
`failed` (the next run of the week tries again) or `unsure` (the server may have it: it is not sent again).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from assets.mail import MailServer, Problem, mail_server, send_mail
from assets.workspace import Warehouse, Workspace, append_lines
from winback.errors import RunFailedError
from winback.playbook.cover_note import cover_note
from winback.playbook.file_names import promises_file_name, rep_file_name
from winback.publication.week_ledger import Week

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_AGAIN = frozenset({None, "failed"})
"""What last became of a file that is to be sent."""


def mail_lists(warehouse: Warehouse, week: Week, playbooks: Path) -> None:
    """Mail every active representative with an address their list of the current week, once per revision.

    Nothing is mailed without an `smtp_host`, from a simulated market, or of a week that is not this one: what is computed later is
    no news. Raises RunFailedError if a mail is not known to be sent; the others are.
    """
    workspace, settings = warehouse.workspace, warehouse.settings.delivery
    is_current = week.week_on <= warehouse.today < week.week_on + timedelta(days=7)
    if not settings.smtp_host or warehouse.settings.workspace.is_simulated or not is_current:
        return
    server = mail_server(settings, warehouse.secrets)
    done = _states(workspace, week)
    problems: dict[str, Problem] = {}
    for rep_id, address in _addresses(warehouse):
        attachments = [playbooks / name for name in (rep_file_name(rep_id), promises_file_name(rep_id))]
        attachments = [path for path in attachments if path.is_file()]
        if not attachments or done.get(attachments[0].name) not in _AGAIN:
            continue
        problem = _send(workspace, week, server, _mail(warehouse, week, address, attachments), attachments[0].name)
        if problem is not None:
            problems[rep_id] = problem
    if problems:
        raise RunFailedError(_told(week, problems))


def _addresses(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Representatives with an address that is one, by id."""
    rows = warehouse.con.execute(
        "SELECT rep_id, trim(email) FROM asof_reps WHERE coalesce(is_active, true) AND email IS NOT NULL ORDER BY rep_id"
    ).fetchall()
    return [(str(rep_id), address) for rep_id, address in rows if _ADDRESS.fullmatch(address)]


def _mail(warehouse: Warehouse, week: Week, address: str, attachments: Iterable[Path]) -> EmailMessage:
    title, text = cover_note(week.week_on, week.revision, warehouse.settings.workspace.language)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title, warehouse.settings.delivery.mail_from, address
    mail.set_content(text)
    for path in attachments:
        mail.add_attachment(
            path.read_bytes(),
            maintype="text",
            subtype="csv",
            params={"charset": "utf-8"},
            filename=f"{week.week_on}_{path.name}",
        )
    return mail


def _send(workspace: Workspace, week: Week, server: MailServer, mail: EmailMessage, name: str) -> Problem | None:
    _enter(workspace, week, name, "sending")
    problem = send_mail(server, mail)
    _enter(workspace, week, name, "sent" if problem is None else "unsure" if problem.is_unsure else "failed")
    return problem


def _enter(workspace: Workspace, week: Week, name: str, state: str) -> None:
    line = {"week": week.week_on.isoformat(), "revision": week.revision, "file": name, "state": state}
    append_lines(workspace.folder("state") / "mailed.jsonl", [line])


def _states(workspace: Workspace, week: Week) -> dict[str, str]:
    """What last became of each file of the week's revision; a line cut off by a crash tells of nothing that was begun."""
    path = workspace.folder("state") / "mailed.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    entries = [json.loads(line) for line in lines if line.endswith("}")]
    is_of_week = (week.week_on.isoformat(), week.revision)
    return {e["file"]: e["state"] for e in entries if (e["week"], e["revision"]) == is_of_week}


def _told(week: Week, problems: dict[str, Problem]) -> str:
    unsure = sorted(rep_id for rep_id, problem in problems.items() if problem.is_unsure)
    failed = {rep_id: problem.text for rep_id, problem in sorted(problems.items()) if not problem.is_unsure}
    said = [f"the lists of {week.week_on} are published, but {len(problems)} could not be mailed"]
    said += [f"{rep_id}: {text}" for rep_id, text in list(failed.items())[:5]]
    if unsure:
        said.append(f"may have arrived, and are not sent again: {', '.join(unsure[:20])}")
    if failed:
        said.append(f"mend it and run winback run --week {week.week_on} again: only what was not sent is sent")
    return "; ".join(said)
