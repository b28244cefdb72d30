-- How often an account buys: over all purchases (category *) and per category.
-- Most categories were bought on one day or two: only longer histories are put in order for the median of their gaps, which for
-- tens of millions of them would not fit into memory.
WITH days AS (
    SELECT DISTINCT
        spend.account_id,
        spend.category,
        spend.spent_on
    FROM asof_spend AS spend
    CROSS JOIN core_week
    WHERE
        spend.category IS NOT NULL AND spend.category <> '*'
        AND core_week.value_kinds LIKE concat('%;', spend.kind, ';%')
        AND NOT (
            coalesce(spend.due_on < core_week.as_of_on, false)
            AND coalesce(spend.paid_on >= core_week.as_of_on, true)
            AND spend.paid_through_on IS NULL
        )
),

by_category AS (
    SELECT
        account_id,
        category,
        count(*) AS n_purchase_days,
        min(spent_on) AS first_spend_on,
        max(spent_on) AS last_spend_on
    FROM days
    GROUP BY account_id, category
),

gaps AS (
    SELECT
        days.account_id,
        days.category,
        datediff(
            'day', lag(days.spent_on) OVER (PARTITION BY days.account_id, days.category ORDER BY days.spent_on), days.spent_on
        ) AS gap_days
    FROM days
    INNER JOIN by_category ON days.account_id = by_category.account_id AND days.category = by_category.category
    WHERE by_category.n_purchase_days > 2
),

medians AS (
    SELECT
        account_id,
        category,
        CAST(median(gap_days) AS DOUBLE) AS cycle_days
    FROM gaps
    GROUP BY account_id, category
),

cycles AS (
    SELECT
        by_category.account_id,
        by_category.category,
        by_category.n_purchase_days,
        by_category.first_spend_on,
        by_category.last_spend_on,
        CASE
            WHEN by_category.n_purchase_days = 2
                THEN CAST(datediff('day', by_category.first_spend_on, by_category.last_spend_on) AS DOUBLE)
            ELSE medians.cycle_days
        END AS cycle_days
    FROM by_category
    LEFT JOIN medians ON by_category.account_id = medians.account_id AND by_category.category = medians.category
    UNION ALL
    SELECT
        account_id,
        '*' AS category,
        n_purchase_days,
        first_spend_on,
        last_spend_on,
        cycle_days
    FROM core_accounts_week
)

SELECT
    account_id,
    category,
    n_purchase_days,
    first_spend_on,
    last_spend_on,
    cycle_days,
    CASE
        WHEN n_purchase_days > 1 THEN datediff('day', first_spend_on, last_spend_on) / CAST(n_purchase_days - 1 AS DOUBLE)
    END AS mean_gap_days,
    CASE WHEN cycle_days IS NOT NULL THEN date_add(last_spend_on, CAST(ceil(cycle_days) AS INTEGER)) END AS next_expected_on
FROM cycles
