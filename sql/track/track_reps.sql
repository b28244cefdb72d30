-- What each representative was given and did, per month and quarter. Every figure counts in the period of its own day: given on the
-- week's Monday, worked on the day of work, regained on the day of return. A return counts once, for the representative who worked the
-- account last before it. Rows are compared with no one: who gets the harder accounts is not told by counts.
-- Beside each quarter stands the one line the search-advertising case gives (S1): one person, 95 accounts in about three months, of an
-- unknown number tried; a count, never a rate.
WITH given AS (
    SELECT
        rep_id,
        week_on AS on_day,
        1 AS n_assigned,
        0 AS n_worked,
        0 AS n_reached,
        0 AS n_regained,
        CAST(0 AS BIGINT) AS spent_minutes
    FROM core_treatments
    WHERE assignment <> 'holdout'
),

worked AS (
    SELECT
        rep_id,
        worked_on AS on_day,
        0 AS n_assigned,
        1 AS n_worked,
        CASE WHEN coalesce(result, 'not_reached') NOT IN ('not_reached', 'wrong_contact') THEN 1 ELSE 0 END AS n_reached,
        0 AS n_regained,
        coalesce(spent_minutes, 0) AS spent_minutes
    FROM core_treatments
    WHERE is_worked
),

regained AS (
    SELECT
        rep_id,
        returned_on AS on_day,
        0 AS n_assigned,
        0 AS n_worked,
        0 AS n_reached,
        1 AS n_regained,
        CAST(0 AS BIGINT) AS spent_minutes
    FROM track_returns
    WHERE return_kind = 'worked'
),

events AS (
    SELECT * FROM given
    UNION ALL
    SELECT * FROM worked
    UNION ALL
    SELECT * FROM regained
),

periods AS (
    SELECT
        'month' AS period_kind,
        CAST(date_trunc('month', on_day) AS DATE) AS period_from_on,
        CAST(date_trunc('month', date_add(CAST(date_trunc('month', on_day) AS DATE), 32)) AS DATE) AS next_from_on,
        *
    FROM events
    UNION ALL
    SELECT
        'quarter' AS period_kind,
        CAST(date_trunc('quarter', on_day) AS DATE) AS period_from_on,
        CAST(date_trunc('quarter', date_add(CAST(date_trunc('quarter', on_day) AS DATE), 93)) AS DATE) AS next_from_on,
        *
    FROM events
)

SELECT
    core_week.as_of_on,
    periods.rep_id,
    periods.period_kind,
    periods.period_from_on,
    periods.next_from_on <= core_week.as_of_on AS is_complete,
    CAST(sum(periods.n_assigned) AS BIGINT) AS n_assigned,
    CAST(sum(periods.n_worked) AS BIGINT) AS n_worked,
    CAST(sum(periods.n_reached) AS BIGINT) AS n_reached,
    CAST(sum(periods.n_regained) AS BIGINT) AS n_regained,
    CAST(sum(periods.spent_minutes) AS BIGINT) AS spent_minutes,
    CASE WHEN periods.period_kind = 'quarter' THEN CAST(95 AS BIGINT) END AS n_case_regained
FROM periods
CROSS JOIN core_week
WHERE periods.rep_id IS NOT NULL
GROUP BY core_week.as_of_on, periods.rep_id, periods.period_kind, periods.period_from_on, periods.next_from_on
