"""`winback account`: one account's sheet, in the terminal, as a page or as JSON.

Belongs here: the command and its layout in a terminal. Does not belong here: the sheet (`winback.sheet`), the page
(`winback.pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.workspace import open_warehouse, open_workspace
from data_contracts import dictionary
from pipelines.cli.console import WorkspaceOption, errors, output, plain, print_json, table, write_text
from pipelines.clock import today_in
from winback.sheet.build import account_sheet
from winback.sheet.plain import plain_sheet
from winback.sheet.sheet import AccountSheet

_LOCK_SECONDS = 10.0
_HIDDEN = frozenset({"account_name", "account_id"})
_LISTED = (
    "rep_id",
    "rank",
    "play_id",
    "play_channel",
    "due_on_plan",
    "best_by_on",
    "action",
    "why_now",
    "offer_text",
    "talk_track",
    "do_not_say",
    "minutes",
    "row_key",
)


def account(
    account_id: Annotated[str, typer.Argument(help="Id of the account.")],
    workspace: WorkspaceOption = Path("workspace"),
    html: Annotated[Path | None, typer.Option("--html", help="Write the sheet as a page to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sheet as JSON.")] = False,
) -> None:
    """Show what is known of one account, as of the last week run. It holds personal data."""
    place = open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), _LOCK_SECONDS) as warehouse:
        sheet = account_sheet(warehouse.con, account_id)
    if html is not None:
        from winback.pages.account_page import account_page

        settings = place.settings.workspace
        page = account_page(sheet, language=settings.language, is_simulated=settings.is_simulated)
        write_text(html, page.decode("utf-8"))
        errors.print(f"Sheet written to {plain(html)}; it holds personal data.")
    if as_json:
        print_json(plain_sheet(sheet))
    elif html is None:
        _show(sheet)


def _show(sheet: AccountSheet) -> None:
    name = sheet.identity.get("account_name")
    output.print(f"[bold]{_text(sheet.account_id)}[/] {_text(name)} as of {sheet.as_of_on}, amounts in {sheet.currency}")
    for title, facts in _facts(sheet):
        _show_facts(title, facts)
    for title, rows in _lists(sheet):
        _show_rows(title, rows)
    if sheet.cause is not None:
        output.print(f"On no list this week: {_text(sheet.cause)}")


def _facts(sheet: AccountSheet) -> Iterable[tuple[str, Mapping[str, Any]]]:
    trend = {"trend_share": _signed(sheet.trend_share), "peer_trend_share": _signed(sheet.peer_trend_share)}
    yield "Account", sheet.identity
    yield "Purchases", {**sheet.behaviour, **trend}
    yield "Lapse", sheet.lapse
    yield "Reason", sheet.reason
    yield "Value", sheet.value
    yield "Chance to return untouched", {**sheet.timing, "horizon_days": sheet.horizon_days}
    yield "Service, claims and complaints", sheet.service
    yield "This week", {name: (sheet.listed or {}).get(name) for name in _LISTED}


def _lists(sheet: AccountSheet) -> Iterable[tuple[str, Sequence[Any]]]:
    yield "Open promises", sheet.promises
    yield "Standards missed", sheet.missed_standards
    yield "Complaints", sheet.complaints
    yield "People", sheet.people
    yield "Rivals, wishes and interests", sheet.mentions
    yield "By category", sheet.categories
    yield "Last purchases", sheet.purchases
    yield "Recommended purchase", sheet.plan
    yield "Chance of return", sheet.chances
    yield "Contacts over all channels", sheet.timeline


def _show_facts(title: str, facts: Mapping[str, Any]) -> None:
    known = {name: value for name, value in facts.items() if value is not None and name not in _HIDDEN}
    if not known:
        return
    listed = table(title, "", "")
    for name, value in known.items():
        listed.add_row(_title(name), _text(value))
    output.print(listed)


def _show_rows(title: str, rows: Sequence[Any]) -> None:
    """A table of parts of one kind, without the columns that are empty in all of them."""
    if not rows:
        return
    values = [astuple(row) for row in rows]
    kept = [i for i, _ in enumerate(fields(rows[0])) if any(row[i] is not None for row in values)]
    listed = table(title, *(_title(fields(rows[0])[i].name) for i in kept))
    for row in values:
        listed.add_row(*(_text(row[i]) for i in kept))
    output.print(listed)


def _title(name: str) -> str:
    entry = dictionary().get(name)
    return str(entry["en"]) if entry else name.replace("_", " ").capitalize()


def _signed(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:+.0f} %"


def _text(value: Any) -> str:
    return plain(value, keeps_lines=True)
