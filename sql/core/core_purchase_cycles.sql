-- How often an account buys: over all purchases (category *) and per category.
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

gaps AS (
    SELECT
        account_id,
        category,
        spent_on,
        datediff('day', lag(spent_on) OVER (PARTITION BY account_id, category ORDER BY spent_on), spent_on) AS gap_days
    FROM days
),

by_category AS (
    SELECT
        account_id,
        category,
        count(*) AS n_purchase_days,
        min(spent_on) AS first_spend_on,
        max(spent_on) AS last_spend_on,
        CAST(median(gap_days) AS DOUBLE) AS cycle_days
    FROM gaps
    GROUP BY account_id, category
),

cycles AS (
    SELECT * FROM by_category
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
