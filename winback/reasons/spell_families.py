"""Which family of reasons each lapse belongs to, as far as early notes tell, also of lapses that have ended.

Belongs here: early notes of lapsed spells, and time away by family. Does not belong here: labels (`note_labels`), the conclusion on
the accounts that are lapsed now (`account_reasons`), curves and pictures (`survival.pictures`).

The conclusion of `score_reasons` exists for accounts still away only, and rests on all that was seen since: by it every return
would have happened to accounts without a reason. So here the first telling note decides, written at most four weeks after the
lapse and before any return; and time is counted from that note on, since an account had to stay away that long to be in the
family.
"""

from __future__ import annotations

import duckdb
import polars as pl

from winback.reasons.taxonomy import UNKNOWN

EARLY_DAYS = 28
"""Notes up to so many days after the lapse are read: the same for those who returned and those who did not."""

MAX_SPELLS = 1_500
"""Most lapsed spells with early notes, drawn by a hash, so that the same ones are read week after week."""

_EARLY_NOTES = f"""
WITH touches AS (
    SELECT spells.account_id, spells.spell_no, min(touches.touched_on) AS first_touched_on
    FROM core_spells AS spells
    INNER JOIN core_touches AS touches
        ON spells.account_id = touches.account_id AND touches.touched_on > spells.last_spend_on
    WHERE spells.spell_kind = 'lapsed'
    GROUP BY spells.account_id, spells.spell_no
),

notes AS (
    SELECT DISTINCT
        lapses.account_id,
        lapses.spell_no,
        lapses.started_on,
        lapses.ended_on,
        lapses.end_cause,
        touches.first_touched_on,
        core_week.as_of_on,
        touchpoints.touched_on,
        touchpoints.note_text,
        datediff('day', lapses.started_on, touchpoints.touched_on) AS after_lapse_days
    FROM core_spells AS lapses
    INNER JOIN core_spells AS lives ON lapses.account_id = lives.account_id AND lapses.spell_no = lives.spell_no + 1
    INNER JOIN asof_touchpoints AS touchpoints ON lapses.account_id = touchpoints.account_id
    CROSS JOIN core_week
    LEFT JOIN touches ON lapses.account_id = touches.account_id AND lapses.spell_no = touches.spell_no
    WHERE
        lapses.spell_kind = 'lapsed'
        AND touchpoints.note_text IS NOT NULL
        AND coalesce(touchpoints.kind, 'other') NOT IN ('notice', 'inquiry', 'renewal_reminder')
        AND touchpoints.touched_on >= date_add(lapses.last_spend_on, CAST(-core_week.note_window_days AS INTEGER))
        AND touchpoints.touched_on >= lives.started_on
        AND touchpoints.touched_on <= date_add(lapses.started_on, {EARLY_DAYS})
        AND touchpoints.touched_on < coalesce(lapses.ended_on, core_week.as_of_on)
)

SELECT *, CAST(NULL AS VARCHAR) AS touchpoint_id
FROM notes
QUALIFY dense_rank() OVER (ORDER BY md5(concat(account_id, '#', CAST(spell_no AS VARCHAR))), account_id, spell_no) <= {MAX_SPELLS}
ORDER BY account_id, spell_no, touched_on, note_text
"""


def early_notes(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Notes that may tell why, of lapsed spells of the week that `con` stands at: up to shortly after the lapse, before any return.

    A row is a note of a spell: `account_id`, `spell_no`, `started_on`, `ended_on`, `end_cause`, `first_touched_on` (the first
    win-back contact after the last spend), and the columns of `core_lapse_notes` but `kind`.
    """
    with con.cursor() as cursor:
        notes: pl.DataFrame = cursor.sql(_EARLY_NOTES).pl()
    return notes


def spell_families(notes: pl.DataFrame, telling: pl.DataFrame) -> pl.DataFrame:
    """Time away by family: `family`, `entered_days`, `left_days` (days since the lapse, left after entered), `has_returned`.

    `telling` are the rows of `score_notes` on `notes` that bear on leaving. A spell's first note that names a family for sure
    decides (the label is asserted, or its two likeliest codes are of one family).
    Ends other than a return (a win-back contact, a closed business, the as-of day) censor.
    """
    sure = telling.filter((~pl.col("is_abstained") | _same_family()) & (pl.col("code") != UNKNOWN))
    rows = notes.join(sure.select(*_NOTE, "code", "reason_prob"), on=_NOTE, how="inner")
    first = rows.sort("account_id", "spell_no", "touched_on", -pl.col("reason_prob"), "text_sha256").unique(
        ["account_id", "spell_no"], keep="first", maintain_order=True
    )
    end = pl.min_horizontal(pl.col("ended_on").fill_null(pl.col("as_of_on")), "first_touched_on")
    spells = first.select(
        family=pl.col("code").str.head(1),
        entered_days=pl.col("after_lapse_days").clip(lower_bound=0),
        left_days=(end - pl.col("started_on")).dt.total_days(),
        has_returned=(pl.col("end_cause") == "return") & (end == pl.col("ended_on")),
    )
    return spells.filter(pl.col("left_days") > pl.col("entered_days")).sort(spells.columns)


_NOTE = ["account_id", "touched_on", "text_sha256"]


def _same_family() -> pl.Expr:
    return pl.col("code").str.head(1) == pl.col("runner_up_code").str.head(1)
