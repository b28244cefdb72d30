"""The feed gate: whether what was delivered may be believed.

Belongs here: the checks that keep a half-delivered file from turning active customers into lapsed ones. Does not belong
here: contracts on rows, or what happens when the gate stays shut.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from winback.config import FeedGateSettings
from winback.publication.week_ledger import Week


@dataclass(frozen=True)
class FeedProblem:
    """One reason not to publish: a short name, and what is wrong with which figures."""

    name: str
    message: str


def inspect_feed(
    con: duckdb.DuckDBPyConnection, week: Week, settings: FeedGateSettings, *, is_calendar_week: bool
) -> list[FeedProblem]:
    """Everything about the feed that forbids publishing `week`; empty if all is well.

    With `is_calendar_week` the newest week judged is the one before the as-of Monday; otherwise (logs that end within a
    week) it is the seven days up to the newest spend.
    """
    return [
        *_file_problems(con, week, settings),
        *_missing_tables(con, week),
        *_spend_problems(con, week, settings, is_calendar_week),
    ]


def _file_problems(con: duckdb.DuckDBPyConnection, week: Week, settings: FeedGateSettings) -> list[FeedProblem]:
    """Problems of files received since the week published before this one, unless a later file of the name replaced them.

    What representatives type into their lists is not judged by its held-back share: one slip on a list of ten rows must
    not stop everybody's next list.
    """
    rows = con.execute(
        """
        SELECT file, table_name, state, reason, rows_received, rows_quarantined, rows_declared, is_cut
        FROM ledger_files AS f
        WHERE table_name IS NOT NULL AND batch <= $cutoff
          AND batch > coalesce((SELECT max(batch_cutoff) FROM ledger_weeks WHERE state = 'published' AND week_on < $week_on), 0)
          AND NOT EXISTS (FROM ledger_files AS later WHERE later.file = f.file AND later.file_id > f.file_id
                          AND later.batch <= $cutoff AND later.state = 'loaded')
        ORDER BY file_id
        """,
        {"cutoff": week.batch_cutoff, "week_on": week.week_on},
    ).fetchall()
    problems = []
    for file, table, state, reason, received, quarantined, declared, is_cut in rows:
        if state == "rejected":
            problems.append(FeedProblem("file_rejected", f"{file} could not be read: {reason}"))
        elif is_cut:
            problems.append(FeedProblem("file_cut", f"{file} ends in the middle of a line: it was cut on the way"))
        elif declared is not None and received < declared:
            problems.append(
                FeedProblem("file_short", f"{file} has {received:,} of the {declared:,} rows it was declared with")
            )
        elif table != "outcomes" and received and quarantined / received > settings.max_quarantined_share:
            problems.append(
                FeedProblem(
                    "quarantined_share",
                    f"{quarantined:,} of {received:,} rows of {file} are held back ({quarantined / received:.1%}; at most "
                    f"{settings.max_quarantined_share:.0%} may be); 'winback quarantine' shows why",
                )
            )
    return problems


def _missing_tables(con: duckdb.DuckDBPyConnection, week: Week) -> list[FeedProblem]:
    problems = []
    for table in ("accounts", "spend"):
        row = con.execute(
            f"SELECT count(*) FROM (FROM raw_{table} WHERE _batch <= ? LIMIT 1)", [week.batch_cutoff]
        ).fetchone()
        if row is None or row[0] == 0:
            problems.append(
                FeedProblem(
                    "table_missing", f"nothing of '{table}' has been loaded; put {table}.csv or .parquet in the inbox"
                )
            )
    return problems


def _spend_problems(
    con: duckdb.DuckDBPyConnection, week: Week, settings: FeedGateSettings, is_calendar_week: bool
) -> list[FeedProblem]:
    row = con.execute("SELECT max(spent_on) FROM asof_spend").fetchone()
    newest: date | None = row[0] if row else None
    if newest is None:
        return []
    age_days = (week.week_on - newest).days
    if age_days > settings.max_spend_age_days:
        return [
            FeedProblem(
                "spend_too_old",
                f"the newest spend before {week.week_on} is of {newest}, {age_days} days old "
                f"(at most {settings.max_spend_age_days}); deliver the missing days",
            )
        ]
    end = week.week_on if is_calendar_week else newest + timedelta(days=1)
    return _weekly_band(con, end, settings)


def _weekly_band(con: duckdb.DuckDBPyConnection, end: date, settings: FeedGateSettings) -> list[FeedProblem]:
    """Whether the rows of the seven days before `end` lie in the band around the median of the weeks before."""
    start = end - timedelta(days=7 * (settings.trailing_weeks + 1))
    counts = dict(
        con.execute(
            "SELECT datediff('day', spent_on, $end) // 7 AS weeks_back, count(*) FROM "
            "(SELECT spent_on + 1 AS spent_on FROM asof_spend WHERE spent_on >= $start AND spent_on < $end) GROUP BY 1",
            {"start": start, "end": end},
        ).fetchall()
    )
    earlier = sorted(counts.get(k, 0) for k in range(1, settings.trailing_weeks + 1))
    usual = earlier[len(earlier) // 2]
    newest = counts.get(0, 0)
    if usual < settings.min_rows_a_week:
        return []
    low, high = usual * settings.weekly_rows_low, usual * settings.weekly_rows_high
    if low <= newest <= high:
        return []
    return [
        FeedProblem(
            "weekly_rows",
            f"the seven days before {end} have {newest:,} spend rows; the {settings.trailing_weeks} weeks before had a median "
            f"of {usual:,}, so {low:,.0f} to {high:,.0f} were expected",
        )
    ]
