-- Gaps between purchases, counted. A gap is censored at the first win-back touch, the closing, or the as-of Monday.
WITH gaps AS (
    SELECT
        accounts.business_kind,
        accounts.cycle_group,
        days.next_gap_days,
        datediff('day', days.spent_on, least(days.first_touched_on, accounts.closed_on, core_week.as_of_on)) AS censored_days
    FROM core_purchase_days AS days
    INNER JOIN core_accounts_week AS accounts ON days.account_id = accounts.account_id
    CROSS JOIN core_week
)

SELECT
    business_kind,
    cycle_group,
    CASE WHEN next_gap_days <= censored_days THEN next_gap_days ELSE greatest(censored_days, 0) END AS gap_days,
    coalesce(next_gap_days <= censored_days, false) AS is_return,
    count(*) AS n_gaps
FROM gaps
GROUP BY 1, 2, 3, 4
