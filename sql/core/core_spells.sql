-- Every active and lapsed spell. A purchase day is followed by a lapse if the lapse date comes before the next purchase and
-- before the as-of Monday. The lapse date is the published one where there is one, else paid-through plus grace (contractual)
-- or last spend plus threshold (silence).
WITH thresholds AS (
    SELECT
        accounts.account_id,
        accounts.closed_on,
        least(
            greatest(
                thresholds.threshold_days,
                coalesce(CAST(ceil(accounts.cycle_days) AS BIGINT), core_week.single_cycle_days)
            ),
            core_week.lapse_max_days
        ) AS threshold_days
    FROM core_accounts_week AS accounts
    INNER JOIN core_lapse_thresholds AS thresholds
        ON accounts.business_kind = thresholds.business_kind AND accounts.cycle_group = thresholds.cycle_group
    CROSS JOIN core_week
),

dated AS (
    SELECT
        days.account_id,
        days.purchase_no,
        days.spent_on,
        days.day_amount,
        days.has_open_due,
        thresholds.closed_on,
        coalesce(published.threshold_days, CASE WHEN days.has_paid_through THEN NULL ELSE thresholds.threshold_days END)
            AS threshold_days,
        coalesce(published.lapse_basis, CASE WHEN days.has_paid_through THEN 'paid_through' ELSE 'silence' END)
            AS lapse_basis,
        coalesce(
            published.lapsed_on,
            CASE
                WHEN days.has_paid_through
                    THEN greatest(date_add(days.paid_through_on, CAST(core_week.grace_days AS INTEGER)), days.spent_on)
                ELSE date_add(days.spent_on, CAST(thresholds.threshold_days AS INTEGER))
            END
        ) AS lapsed_on,
        lead(days.spent_on) OVER (PARTITION BY days.account_id ORDER BY days.purchase_no) AS next_on,
        core_week.as_of_on
    FROM core_purchase_days AS days
    INNER JOIN thresholds ON days.account_id = thresholds.account_id
    CROSS JOIN core_week
    LEFT JOIN ledger_lapses AS published
        ON
            days.account_id = published.account_id
            AND days.spent_on = published.last_spend_on
            AND published.week_on < core_week.as_of_on
),

flagged AS (
    SELECT
        *,
        lapsed_on < coalesce(next_on, as_of_on) AND (closed_on IS NULL OR lapsed_on < closed_on) AS is_lapse
    FROM dated
),

numbered AS (
    SELECT
        *,
        coalesce(
            sum(CASE WHEN is_lapse THEN 1 ELSE 0 END) OVER (
                PARTITION BY account_id ORDER BY purchase_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS n_before
    FROM flagged
),

active AS (
    SELECT
        account_id,
        2 * n_before + 1 AS spell_no,
        'active' AS spell_kind,
        min(spent_on) AS started_on,
        max(CASE WHEN is_lapse THEN lapsed_on END) AS ended_on,
        max(spent_on) AS last_spend_on,
        count(*) AS n_purchase_days,
        sum(day_amount) AS spend_amount,
        max(CASE WHEN is_lapse THEN 1 ELSE 0 END) AS n_lapses,
        max(closed_on) AS closed_on,
        max(as_of_on) AS as_of_on
    FROM numbered
    GROUP BY account_id, n_before
)

SELECT
    account_id,
    CAST(spell_no AS BIGINT) AS spell_no,
    spell_kind,
    started_on,
    CASE WHEN n_lapses = 1 THEN ended_on WHEN closed_on < as_of_on THEN greatest(closed_on, started_on) END AS ended_on,
    last_spend_on,
    n_purchase_days,
    CAST(spend_amount AS DECIMAL(18, 4)) AS spend_amount,
    CAST(NULL AS BIGINT) AS threshold_days,
    CAST(NULL AS VARCHAR) AS lapse_basis,
    CAST(NULL AS BOOLEAN) AS is_unpaid,
    CASE WHEN n_lapses = 1 THEN 'lapse' WHEN closed_on < as_of_on THEN 'closed' ELSE 'open' END AS end_cause
FROM active
UNION ALL
SELECT
    account_id,
    CAST(2 * n_before + 2 AS BIGINT) AS spell_no,
    'lapsed' AS spell_kind,
    lapsed_on AS started_on,
    CASE WHEN next_on IS NOT NULL THEN next_on WHEN closed_on < as_of_on THEN closed_on END AS ended_on,
    spent_on AS last_spend_on,
    CAST(NULL AS BIGINT) AS n_purchase_days,
    CAST(NULL AS DECIMAL(18, 4)) AS spend_amount,
    threshold_days,
    lapse_basis,
    has_open_due AS is_unpaid,
    CASE WHEN next_on IS NOT NULL THEN 'return' WHEN closed_on < as_of_on THEN 'closed' ELSE 'open' END AS end_cause
FROM numbered
WHERE is_lapse
