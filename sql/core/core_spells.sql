-- Every active and lapsed spell. A purchase day is followed by a lapse if the lapse date comes before the next purchase and
-- before the as-of Monday. The lapse date is the published one where there is one, else paid-through plus grace (contractual)
-- or last spend plus threshold (silence).
-- Only the days that a lapse follows are put in order: an active spell runs from the return that ended the lapse before it (or the
-- first purchase) to the next of them. Its spend is summed up only where the account has more than one active spell.
WITH thresholds AS (
    SELECT
        accounts.account_id,
        accounts.closed_on,
        accounts.first_spend_on,
        accounts.last_spend_on,
        accounts.n_purchase_days,
        accounts.spend_amount,
        core_week.as_of_on,
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
        CASE WHEN days.next_gap_days IS NOT NULL THEN date_add(days.spent_on, CAST(days.next_gap_days AS INTEGER)) END
            AS next_on,
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

lapses AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id ORDER BY purchase_no) AS lapse_no,
        lag(next_on) OVER (PARTITION BY account_id ORDER BY purchase_no) AS returned_on,
        coalesce(lag(purchase_no) OVER (PARTITION BY account_id ORDER BY purchase_no), 0) AS purchases_before,
        lead(purchase_no) OVER (PARTITION BY account_id ORDER BY purchase_no) IS NULL AS is_last
    FROM dated
    WHERE lapsed_on < coalesce(next_on, as_of_on) AND (closed_on IS NULL OR lapsed_on < closed_on)
),

active AS (
    SELECT
        lapses.account_id,
        2 * lapses.lapse_no - 1 AS spell_no,
        coalesce(lapses.returned_on, thresholds.first_spend_on) AS started_on,
        lapses.lapsed_on,
        lapses.spent_on AS last_spend_on,
        lapses.purchases_before,
        lapses.purchase_no AS purchases_until
    FROM lapses
    INNER JOIN thresholds ON lapses.account_id = thresholds.account_id
    UNION ALL
    SELECT
        thresholds.account_id,
        2 * coalesce(lapses.lapse_no, 0) + 1 AS spell_no,
        coalesce(lapses.next_on, thresholds.first_spend_on) AS started_on,
        CAST(NULL AS DATE) AS lapsed_on,
        thresholds.last_spend_on,
        coalesce(lapses.purchase_no, 0) AS purchases_before,
        thresholds.n_purchase_days AS purchases_until
    FROM thresholds
    LEFT JOIN lapses ON thresholds.account_id = lapses.account_id AND lapses.is_last
    WHERE lapses.account_id IS NULL OR lapses.next_on IS NOT NULL
),

partly AS (
    SELECT
        active.account_id,
        active.spell_no,
        sum(days.day_amount) AS spend_amount
    FROM active
    INNER JOIN thresholds ON active.account_id = thresholds.account_id
    INNER JOIN core_purchase_days AS days
        ON
            active.account_id = days.account_id
            AND days.purchase_no > active.purchases_before
            AND days.purchase_no <= active.purchases_until
    WHERE active.purchases_until - active.purchases_before < thresholds.n_purchase_days
    GROUP BY active.account_id, active.spell_no
)

SELECT
    active.account_id,
    CAST(active.spell_no AS BIGINT) AS spell_no,
    'active' AS spell_kind,
    active.started_on,
    CASE
        WHEN active.lapsed_on IS NOT NULL THEN active.lapsed_on
        WHEN thresholds.closed_on < thresholds.as_of_on THEN greatest(thresholds.closed_on, active.started_on)
    END AS ended_on,
    active.last_spend_on,
    active.purchases_until - active.purchases_before AS n_purchase_days,
    CAST(coalesce(partly.spend_amount, thresholds.spend_amount) AS DECIMAL(18, 4)) AS spend_amount,
    CAST(NULL AS BIGINT) AS threshold_days,
    CAST(NULL AS VARCHAR) AS lapse_basis,
    CAST(NULL AS BOOLEAN) AS is_unpaid,
    CASE
        WHEN active.lapsed_on IS NOT NULL THEN 'lapse'
        WHEN thresholds.closed_on < thresholds.as_of_on THEN 'closed'
        ELSE 'open'
    END AS end_cause
FROM active
INNER JOIN thresholds ON active.account_id = thresholds.account_id
LEFT JOIN partly ON active.account_id = partly.account_id AND active.spell_no = partly.spell_no
UNION ALL
SELECT
    account_id,
    CAST(2 * lapse_no AS BIGINT) AS spell_no,
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
FROM lapses
