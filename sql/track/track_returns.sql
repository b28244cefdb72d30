-- Accounts that came back within the horizon of an assignment, one row per return, under the last row worked before it or else the last
-- assigned: how long they have been followed since, and whether they lapsed again meanwhile.
-- A spell that is open is followed to the week.
WITH candidates AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY account_id, returned_on
            ORDER BY CASE WHEN is_worked AND worked_on <= returned_on THEN 0 ELSE 1 END, worked_on DESC, week_on DESC, row_key
        ) AS place
    FROM core_treatments
    WHERE has_returned
),

lapsed AS (
    SELECT
        candidates.row_key,
        min(spells.started_on) AS lapsed_again_on
    FROM candidates
    INNER JOIN core_spells AS spells
        ON
            candidates.account_id = spells.account_id
            AND spells.spell_kind = 'lapsed'
            AND spells.started_on > candidates.returned_on
    GROUP BY candidates.row_key
)

SELECT
    candidates.account_id,
    candidates.returned_on,
    candidates.row_key,
    candidates.rep_id,
    CASE
        WHEN candidates.is_worked AND candidates.worked_on <= candidates.returned_on THEN 'worked'
        WHEN candidates.assignment = 'holdout' THEN 'holdout'
        ELSE 'not_worked'
    END AS return_kind,
    CAST(datediff('day', candidates.returned_on, core_week.as_of_on) AS BIGINT) AS returned_days,
    lapsed.row_key IS NOT NULL AS has_lapsed_again,
    CAST(datediff('day', candidates.returned_on, coalesce(lapsed.lapsed_again_on, core_week.as_of_on)) AS BIGINT)
        AS followed_days,
    candidates.is_kept_30,
    candidates.is_kept_90,
    candidates.is_kept_180
FROM candidates
CROSS JOIN core_week
LEFT JOIN lapsed ON candidates.row_key = lapsed.row_key
WHERE candidates.place = 1
