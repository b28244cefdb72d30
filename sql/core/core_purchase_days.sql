-- Days with counted spend, in base currency, each net of the refunds that came before the next one.
-- A line that was due and is not paid is no purchase unless it grants cover (paid-through); it marks the purchase before it.
-- A refund belongs to the purchase day before it; one that comes before any purchase belongs to nothing and is left out.
WITH rates AS (
    SELECT
        currency,
        rate,
        rate_on AS from_on,
        lead(rate_on) OVER (PARTITION BY currency ORDER BY rate_on) AS to_on
    FROM asof_fx_rates
),

counted AS (
    SELECT
        spend.account_id,
        spend.spent_on,
        spend.kind,
        CAST(
            CASE WHEN rates.rate IS NULL THEN spend.amount ELSE CAST(spend.amount AS DECIMAL(19, 4)) * rates.rate END
            AS DECIMAL(18, 4)
        ) AS base_amount,
        spend.paid_through_on,
        spend.due_on < core_week.as_of_on AND coalesce(spend.paid_on >= core_week.as_of_on, true) AS is_open_due
    FROM asof_spend AS spend
    CROSS JOIN core_week
    LEFT JOIN rates
        ON
            spend.currency = rates.currency
            AND spend.currency <> core_week.base_currency
            AND spend.spent_on >= rates.from_on
            AND (rates.to_on IS NULL OR spend.spent_on < rates.to_on)
    WHERE spend.kind = 'refund' OR core_week.value_kinds LIKE concat('%;', spend.kind, ';%')
),

signed AS (
    SELECT
        account_id,
        spent_on,
        paid_through_on,
        CASE
            WHEN kind = 'refund' THEN -1
            WHEN is_open_due AND paid_through_on IS NULL THEN 0
            ELSE 1
        END AS spend_sign,
        base_amount,
        CASE WHEN is_open_due AND kind <> 'refund' THEN 1 ELSE 0 END AS is_open_due
    FROM counted
),

days AS (
    SELECT
        account_id,
        spent_on,
        max(CASE WHEN spend_sign = 1 THEN 1 ELSE 0 END) AS is_purchase_day,
        sum(spend_sign * base_amount) AS day_amount,
        max(CASE WHEN spend_sign = 1 THEN paid_through_on END) AS paid_through_on,
        max(is_open_due) AS is_open_due
    FROM signed
    GROUP BY account_id, spent_on
),

numbered AS (
    SELECT
        *,
        sum(is_purchase_day) OVER (PARTITION BY account_id ORDER BY spent_on) AS purchase_no
    FROM days
),

netted AS (
    SELECT
        account_id,
        purchase_no,
        min(spent_on) AS spent_on,
        sum(day_amount) AS day_amount,
        max(paid_through_on) AS paid_through_on,
        max(is_open_due) AS is_open_due
    FROM numbered
    WHERE purchase_no > 0
    GROUP BY account_id, purchase_no
),

neighbours AS (
    SELECT
        *,
        lag(spent_on) OVER (PARTITION BY account_id ORDER BY purchase_no) AS previous_on,
        lead(spent_on) OVER (PARTITION BY account_id ORDER BY purchase_no) AS next_on,
        max(paid_through_on) OVER (PARTITION BY account_id ORDER BY purchase_no) AS covered_to_on
    FROM netted
),

touches AS (
    SELECT
        neighbours.account_id,
        neighbours.purchase_no,
        min(core_touches.touched_on) AS first_touched_on
    FROM neighbours
    INNER JOIN core_touches
        ON
            neighbours.account_id = core_touches.account_id
            AND core_touches.touched_on > neighbours.spent_on
            AND (neighbours.next_on IS NULL OR core_touches.touched_on <= neighbours.next_on)
    GROUP BY neighbours.account_id, neighbours.purchase_no
)

SELECT
    neighbours.account_id,
    CAST(neighbours.purchase_no AS BIGINT) AS purchase_no,
    neighbours.spent_on,
    CAST(neighbours.day_amount AS DECIMAL(18, 4)) AS day_amount,
    datediff('day', neighbours.previous_on, neighbours.spent_on) AS gap_days,
    datediff('day', neighbours.spent_on, neighbours.next_on) AS next_gap_days,
    neighbours.paid_through_on IS NOT NULL AS has_paid_through,
    CASE WHEN neighbours.paid_through_on IS NOT NULL THEN neighbours.covered_to_on END AS paid_through_on,
    neighbours.is_open_due = 1 AS has_open_due,
    touches.first_touched_on
FROM neighbours
LEFT JOIN touches
    ON neighbours.account_id = touches.account_id AND neighbours.purchase_no = touches.purchase_no
