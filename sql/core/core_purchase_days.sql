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
        -- Only foreign amounts are multiplied, since that is slow.
        CASE
            WHEN rates.rate IS NULL THEN spend.amount
            ELSE CAST(CAST(spend.amount AS DECIMAL(19, 4)) * rates.rate AS DECIMAL(18, 4))
        END AS base_amount,
        spend.paid_through_on,
        spend.discount_amount > 0 OR spend.offer_id IS NOT NULL AS is_discounted,
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
        is_discounted,
        CASE WHEN is_open_due AND kind <> 'refund' THEN 1 ELSE 0 END AS is_open_due
    FROM counted
),

days AS (
    SELECT
        account_id,
        spent_on,
        count(CASE WHEN spend_sign = 1 THEN 1 END) AS n_purchase_lines,
        count(CASE WHEN spend_sign = 1 AND is_discounted THEN 1 END) AS n_discounted_lines,
        coalesce(sum(CASE WHEN spend_sign = 1 THEN base_amount WHEN spend_sign = -1 THEN -base_amount END), 0) AS day_amount,
        max(CASE WHEN spend_sign = 1 THEN paid_through_on END) AS paid_through_on,
        max(is_open_due) AS is_open_due
    FROM signed
    GROUP BY account_id, spent_on
),

purchases AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id ORDER BY spent_on) AS purchase_no,
        lag(spent_on) OVER (PARTITION BY account_id ORDER BY spent_on) AS previous_on,
        lead(spent_on) OVER (PARTITION BY account_id ORDER BY spent_on) AS next_on,
        max(paid_through_on) OVER (PARTITION BY account_id ORDER BY spent_on) AS covered_to_on
    FROM days
    WHERE n_purchase_lines > 0
),

-- Days without a purchase are few beside the others: they are put to the purchase before them by a join of their own.
refunds AS (
    SELECT
        purchases.account_id,
        purchases.purchase_no,
        sum(days.day_amount) AS day_amount,
        max(days.is_open_due) AS is_open_due
    FROM days
    INNER JOIN purchases
        ON
            days.account_id = purchases.account_id
            AND days.spent_on > purchases.spent_on
            AND (purchases.next_on IS NULL OR days.spent_on < purchases.next_on)
    WHERE days.n_purchase_lines = 0
    GROUP BY purchases.account_id, purchases.purchase_no
),

touches AS (
    SELECT
        purchases.account_id,
        purchases.purchase_no,
        min(core_touches.touched_on) AS first_touched_on
    FROM purchases
    INNER JOIN core_touches
        ON
            purchases.account_id = core_touches.account_id
            AND core_touches.touched_on > purchases.spent_on
            AND (purchases.next_on IS NULL OR core_touches.touched_on <= purchases.next_on)
    GROUP BY purchases.account_id, purchases.purchase_no
)

SELECT
    purchases.account_id,
    CAST(purchases.purchase_no AS BIGINT) AS purchase_no,
    purchases.spent_on,
    CAST(purchases.day_amount + coalesce(refunds.day_amount, 0) AS DECIMAL(18, 4)) AS day_amount,
    purchases.n_purchase_lines,
    purchases.n_discounted_lines,
    datediff('day', purchases.previous_on, purchases.spent_on) AS gap_days,
    datediff('day', purchases.spent_on, purchases.next_on) AS next_gap_days,
    purchases.paid_through_on IS NOT NULL AS has_paid_through,
    CASE WHEN purchases.paid_through_on IS NOT NULL THEN purchases.covered_to_on END AS paid_through_on,
    purchases.is_open_due = 1 OR coalesce(refunds.is_open_due, 0) = 1 AS has_open_due,
    touches.first_touched_on
FROM purchases
LEFT JOIN refunds
    ON purchases.account_id = refunds.account_id AND purchases.purchase_no = refunds.purchase_no
LEFT JOIN touches
    ON purchases.account_id = touches.account_id AND purchases.purchase_no = touches.purchase_no
