-- How often an account buys, and for how much: over all purchases (category *) and per category.
-- Most categories were bought in one line or two: only longer histories are put in order for the median of their gaps, which for
-- tens of millions of them would not fit into memory. The median is the mean of the middle gaps, not DuckDB's aggregate, which
-- keeps every group's values in memory.
WITH rates AS (
    SELECT
        currency,
        rate,
        rate_on AS from_on,
        lead(rate_on) OVER (PARTITION BY currency ORDER BY rate_on) AS to_on
    FROM asof_fx_rates
),

lines AS (
    SELECT
        spend.account_id,
        spend.category,
        spend.spent_on,
        -- Only foreign amounts are multiplied, since that is slow, and as wider decimals, since DuckDB keeps products of two
        -- 64-bit ones in 64 bits.
        CASE
            WHEN rates.rate IS NULL THEN spend.amount
            ELSE CAST(CAST(spend.amount AS DECIMAL(19, 4)) * rates.rate AS DECIMAL(18, 4))
        END AS base_amount
    FROM asof_spend AS spend
    CROSS JOIN core_week
    LEFT JOIN rates
        ON
            spend.currency = rates.currency
            AND spend.currency <> core_week.base_currency
            AND spend.spent_on >= rates.from_on
            AND (rates.to_on IS NULL OR spend.spent_on < rates.to_on)
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
        count(*) AS n_lines,
        min(spent_on) AS first_spend_on,
        max(spent_on) AS last_spend_on,
        CAST(sum(base_amount) AS DECIMAL(18, 4)) AS category_amount
    FROM lines
    GROUP BY account_id, category
),

longer_days AS (
    SELECT DISTINCT
        lines.account_id,
        lines.category,
        lines.spent_on
    FROM lines
    INNER JOIN by_category ON lines.account_id = by_category.account_id AND lines.category = by_category.category
    WHERE by_category.n_lines > 2 AND by_category.first_spend_on < by_category.last_spend_on
),

gaps AS (
    SELECT
        account_id,
        category,
        datediff('day', lag(spent_on) OVER (PARTITION BY account_id, category ORDER BY spent_on), spent_on) AS gap_days
    FROM longer_days
),

ranked AS (
    SELECT
        account_id,
        category,
        gap_days,
        row_number() OVER (PARTITION BY account_id, category ORDER BY gap_days) AS gap_no,
        count(*) OVER (PARTITION BY account_id, category) AS n_gaps
    FROM gaps
    WHERE gap_days IS NOT NULL
),

longer AS (
    SELECT
        account_id,
        category,
        max(n_gaps) + 1 AS n_purchase_days,
        (min(gap_days) + max(gap_days)) / CAST(2 AS DOUBLE) AS cycle_days
    FROM ranked
    WHERE 2 * gap_no BETWEEN n_gaps AND n_gaps + 2
    GROUP BY account_id, category
),

cycles AS (
    SELECT
        by_category.account_id,
        by_category.category,
        coalesce(
            longer.n_purchase_days, CASE WHEN by_category.first_spend_on < by_category.last_spend_on THEN 2 ELSE 1 END
        ) AS n_purchase_days,
        by_category.first_spend_on,
        by_category.last_spend_on,
        coalesce(
            longer.cycle_days,
            CASE
                WHEN by_category.first_spend_on < by_category.last_spend_on
                    THEN CAST(datediff('day', by_category.first_spend_on, by_category.last_spend_on) AS DOUBLE)
            END
        ) AS cycle_days,
        by_category.category_amount
    FROM by_category
    LEFT JOIN longer ON by_category.account_id = longer.account_id AND by_category.category = longer.category
    UNION ALL
    SELECT
        account_id,
        '*' AS category,
        n_purchase_days,
        first_spend_on,
        last_spend_on,
        cycle_days,
        NULL AS category_amount
    FROM core_accounts_week
)

SELECT
    account_id,
    category,
    n_purchase_days,
    first_spend_on,
    last_spend_on,
    category_amount,
    cycle_days,
    CASE
        WHEN n_purchase_days > 1 THEN datediff('day', first_spend_on, last_spend_on) / CAST(n_purchase_days - 1 AS DOUBLE)
    END AS mean_gap_days,
    CASE WHEN cycle_days IS NOT NULL THEN date_add(last_spend_on, CAST(ceil(cycle_days) AS INTEGER)) END AS next_expected_on
FROM cycles
