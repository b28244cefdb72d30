-- What every account with counted spend is worth at the till, as known in the week: amounts, their trend, and what a purchase
-- holds. Amounts are net of refunds; ratios are taken of doubles. What was never delivered (products, quantities) stays null.
WITH days AS (
    SELECT
        days.account_id,
        days.spent_on,
        CAST(days.day_amount AS DOUBLE) AS amount,
        days.day_amount,
        datediff('day', days.spent_on, core_week.as_of_on) AS age_days,
        datediff('day', accounts.first_spend_on, core_week.as_of_on) AS tenure_days,
        days.spent_on = accounts.last_spend_on AS is_last
    FROM core_purchase_days AS days
    INNER JOIN core_accounts_week AS accounts ON days.account_id = accounts.account_id
    CROSS JOIN core_week
),

amounts AS (
    SELECT
        account_id,
        count(*) AS n_days,
        sum(day_amount) AS spend_amount,
        max(day_amount) AS max_day_amount,
        max(CASE WHEN is_last THEN day_amount END) AS last_day_amount,
        sum(CASE WHEN age_days <= 91 THEN day_amount ELSE 0 END) AS amount_91,
        sum(CASE WHEN age_days <= 365 THEN day_amount ELSE 0 END) AS amount_365,
        sum(CASE WHEN 2 * age_days <= tenure_days THEN day_amount ELSE 0 END) AS later_amount
    FROM days
    GROUP BY account_id
),

lines AS (
    SELECT
        spend.account_id,
        count(*) AS n_lines,
        count(DISTINCT spend.product_id) AS n_products,
        count(spend.product_id) AS n_product_lines,
        sum(spend.quantity) AS quantity_sum,
        sum(CASE WHEN spend.kind = 'refund' THEN 1 ELSE 0 END) AS n_refund_lines
    FROM asof_spend AS spend
    CROSS JOIN core_week
    WHERE spend.kind = 'refund' OR core_week.value_kinds LIKE concat('%;', spend.kind, ';%')
    GROUP BY spend.account_id
)

SELECT
    amounts.account_id,
    core_week.as_of_on,
    CAST(amounts.spend_amount AS DECIMAL(18, 4)) AS spend_amount,
    CAST(amounts.spend_amount AS DOUBLE) / amounts.n_days AS mean_day_amount,
    accounts.trimmed_amount,
    amounts.last_day_amount,
    amounts.max_day_amount,
    CAST(amounts.amount_91 AS DECIMAL(18, 4)) AS amount_91,
    CAST(amounts.amount_365 AS DECIMAL(18, 4)) AS amount_365,
    accounts.daily_spend_amount,
    CASE
        WHEN amounts.spend_amount > 0
            THEN CAST(amounts.last_day_amount AS DOUBLE) * amounts.n_days / CAST(amounts.spend_amount AS DOUBLE)
    END AS last_over_mean,
    CASE
        WHEN amounts.spend_amount > 0 AND amounts.n_days > 1
            THEN CAST(amounts.later_amount AS DOUBLE) / CAST(amounts.spend_amount AS DOUBLE)
    END AS later_amount_share,
    lines.n_lines / CAST(amounts.n_days AS DOUBLE) AS lines_a_day,
    CASE WHEN lines.n_product_lines > 0 THEN lines.n_products END AS n_products,
    CAST(lines.quantity_sum AS DOUBLE) / amounts.n_days AS units_a_day,
    lines.n_refund_lines / CAST(lines.n_lines AS DOUBLE) AS refund_line_share
FROM amounts
CROSS JOIN core_week
INNER JOIN core_accounts_week AS accounts ON amounts.account_id = accounts.account_id
INNER JOIN lines ON amounts.account_id = lines.account_id
