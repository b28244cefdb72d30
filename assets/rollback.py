"""Moving back to an earlier published week.

Belongs here: withdrawing the weeks after it. Does not belong here: publishing (`assets.publish`).

A withdrawn week keeps its folder and its assignments, so what representatives write back about it still counts; run again it comes
out as its next revision.
"""

from __future__ import annotations

from datetime import date

from assets.access_log import log_access
from assets.publish import make_current
from assets.state import write_state
from assets.workspace import Warehouse
from winback.contracts.tables import transaction
from winback.errors import UsageError
from winback.publication.week_ledger import Week, all_weeks, close_week


def move_back(warehouse: Warehouse, week_on: date, reason: str) -> list[Week]:
    """Make `week_on` the current week and withdraw those published after it; returns them, oldest first.

    Raises UsageError if the week is not published or its folder is gone.
    """
    latest = {week.week_on: week for week in all_weeks(warehouse.con)}
    target = latest.get(week_on)
    published = [str(day) for day, week in latest.items() if week.state == "published"]
    if target is None or target.state != "published":
        raise UsageError(f"week {week_on} is not published; published are: {', '.join(published) or 'none'}")
    if not (warehouse.workspace.folder("published") / target.folder_name).is_dir():
        raise UsageError(f"the folder of week {week_on} is gone; bring it out again with: winback run --week {week_on}")
    withdrawn = [week for day, week in latest.items() if day > week_on and week.state == "published"]
    with transaction(warehouse.con):
        for week in withdrawn:
            close_week(warehouse.con, week, "withdrawn", reason)
    for week in withdrawn:
        (warehouse.workspace.folder("outbox") / week.week_on.isoformat()).unlink(missing_ok=True)
    make_current(warehouse.workspace, target)
    log_access(
        warehouse.workspace, warehouse.today, "publish --to", week=str(week_on), n_withdrawn=len(withdrawn), reason=reason
    )
    write_state(warehouse)
    return withdrawn
