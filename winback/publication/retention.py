"""What a workspace need not keep any longer.

Belongs here: which weeks, archived files and dated things are past what `[retention]` keeps. Does not belong here: removing them
(`assets.retention`).

Every week reads the whole history, so as long as `is_rebuild_kept` an archived file with a row in the warehouse stays whatever its
age, and goes only when nothing of it counts. What came for the current week always stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from data_contracts import table_names
from winback.config import RetentionSettings
from winback.contracts.identifiers import quote_name

REMOVED_NOTE = "archived file removed by retention on"
"""Begins the remark that a file's entry in the ledger gets, with the day behind it."""


@dataclass(frozen=True)
class ArchivedFile:
    """Bytes in the archive: their SHA-256, the last day they were received on, and whether weeks are made from them."""

    sha256: str
    received_on: date
    is_needed: bool


def weeks_past(weeks: Iterable[date], current: date | None, settings: RetentionSettings) -> list[date]:
    """Mondays of published weeks to remove, oldest first: all but the newest `published_weeks`, and never the current one."""
    if not settings.published_weeks:
        return []
    ordered = sorted(set(weeks))
    return [week for week in ordered[: -settings.published_weeks] if week != current]


def oldest_kept_week(weeks: Iterable[date], current: date | None, settings: RetentionSettings) -> date | None:
    """The first Monday of the window; None where every week is kept, or there is none."""
    published = sorted(set(weeks))
    past = set(weeks_past(published, current, settings))
    return next((week for week in published if week not in past), None) if past else None


def day_before_which(today: date, kept_days: int) -> date | None:
    """The day before which dated things are past; None where `kept_days` is 0, which keeps everything."""
    return today - timedelta(days=kept_days) if kept_days else None


def archive_past(files: Iterable[ArchivedFile], today: date, settings: RetentionSettings) -> list[ArchivedFile]:
    """Archived files to remove, by SHA-256: received long enough ago and, as long as `is_rebuild_kept`, not needed."""
    before = day_before_which(today, settings.archive_days)
    if before is None:
        return []
    past = [f for f in files if f.received_on < before and not (settings.is_rebuild_kept and f.is_needed)]
    return sorted(past, key=lambda file: file.sha256)


def archived_files(con: duckdb.DuckDBPyConnection) -> list[ArchivedFile]:
    """Every file of the ledger that did not come for the current week, by its bytes.

    The same bytes may have been delivered more than once: they are as young as the last delivery, and needed if any is.
    """
    needed = _needed_files(con)
    rows = con.execute(
        "SELECT sha256, max(received_on), list(file_id) FROM ledger_files GROUP BY sha256 "
        "HAVING max(batch) <= coalesce((SELECT max(batch_cutoff) FROM ledger_weeks WHERE state = 'published' "
        "AND week_on < (SELECT max(week_on) FROM ledger_weeks WHERE state = 'published')), 0) ORDER BY sha256"
    ).fetchall()
    return [ArchivedFile(sha256, received_on, not needed.isdisjoint(ids)) for sha256, received_on, ids in rows]


def note_removed(con: duckdb.DuckDBPyConnection, sha256s: Iterable[str], today: date) -> None:
    """Say in the ledger that these bytes are gone, once; call in a transaction."""
    for sha256 in sha256s:
        con.execute(
            "UPDATE ledger_files SET notes = concat_ws('; ', notes, ?) WHERE sha256 = ? "
            "AND NOT contains(coalesce(notes, ''), ?)",
            [f"{REMOVED_NOTE} {today}", sha256, REMOVED_NOTE],
        )


def _needed_files(con: duckdb.DuckDBPyConnection) -> set[int]:
    """Numbers of the files with a row in the warehouse, or with rows that wait for their account or rate.

    A file that said of a state row what was known counts too while it dates it. Of all others every row was a duplicate, refused
    or unreadable, so a rebuild gives the same without them.
    """
    query = "SELECT DISTINCT file_id FROM ledger_quarantine WHERE is_held"
    needed = {int(row[0]) for row in con.execute(query).fetchall()}
    for table in table_names("input"):
        raw = quote_name(f"raw_{table}")
        query = (
            f"SELECT _file_id FROM {raw} UNION SELECT file_id FROM ledger_files AS files WHERE files.table_name = ? "
            f"AND files.batch IN (SELECT _confirmed_batch FROM {raw})"
        )
        needed |= {int(row[0]) for row in con.execute(query, [table]).fetchall()}
    return needed
