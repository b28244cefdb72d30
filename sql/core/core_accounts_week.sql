-- Every account with counted spend, as known in the week: its cycle, its usual purchase and what a year of it is worth.
-- The usual purchase leaves out the highest and lowest tenth of the account's purchase days. Spend a day is the usual purchase
-- times the gaps of the last year over the days they span, at least 28, so that a burst of a few days is not taken for a habit.
-- Amounts are divided as doubles, which DuckDB does by itself; Spark would divide decimals and round ties the other way.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id ORDER BY day_amount, purchase_no) AS amount_rank,
        count(*) OVER (PARTITION BY account_id) AS n_days,
        max(spent_on) OVER (PARTITION BY account_id) AS last_on
    FROM core_purchase_days
),

behaviour AS (
    SELECT
        account_id,
        count(*) AS n_purchase_days,
        min(spent_on) AS first_spend_on,
        max(spent_on) AS last_spend_on,
        sum(day_amount) AS spend_amount,
        CAST(median(gap_days) AS DOUBLE) AS cycle_days,
        sum(
            CASE
                WHEN amount_rank > floor(n_days / 10) AND amount_rank <= n_days - floor(n_days / 10) THEN day_amount
                ELSE 0
            END
        ) AS kept_amount,
        max(n_days) - 2 * floor(max(n_days) / 10) AS n_kept,
        sum(CASE WHEN datediff('day', spent_on, last_on) < 365 THEN 1 ELSE 0 END) AS n_year_days,
        max(CASE WHEN datediff('day', spent_on, last_on) < 365 THEN datediff('day', spent_on, last_on) END) AS year_span_days,
        max(CASE WHEN spent_on = last_on THEN paid_through_on END) AS paid_through_on,
        max(CASE WHEN spent_on = last_on AND has_open_due THEN 1 ELSE 0 END) AS is_unpaid
    FROM ranked
    GROUP BY account_id
),

usual AS (
    SELECT
        *,
        CAST(CASE WHEN kept_amount > 0 THEN CAST(kept_amount AS DOUBLE) / n_kept ELSE 0 END AS DECIMAL(18, 4))
            AS trimmed_amount
    FROM behaviour
),

closings AS (
    SELECT
        account_id,
        min(event_on) AS closed_on
    FROM asof_account_events
    WHERE kind = 'closed'
    GROUP BY account_id
)

SELECT
    usual.account_id,
    coalesce(accounts.business_kind, '-') AS business_kind,
    core_cycle_groups.cycle_group,
    usual.cycle_days,
    usual.n_purchase_days,
    usual.first_spend_on,
    usual.last_spend_on,
    CAST(usual.spend_amount AS DECIMAL(18, 4)) AS spend_amount,
    usual.trimmed_amount,
    CASE
        WHEN usual.n_year_days > 1
            THEN CAST(usual.trimmed_amount * (usual.n_year_days - 1) AS DOUBLE) / greatest(usual.year_span_days, 28)
    END AS daily_spend_amount,
    CASE
        WHEN usual.cycle_days IS NOT NULL THEN date_add(usual.last_spend_on, CAST(ceil(usual.cycle_days) AS INTEGER))
    END AS next_expected_on,
    CAST(usual.trimmed_amount * usual.n_year_days AS DECIMAL(18, 4)) AS year_amount,
    usual.paid_through_on,
    usual.is_unpaid = 1 AS is_unpaid,
    least(accounts.closed_on, closings.closed_on) AS closed_on
FROM usual
INNER JOIN asof_accounts AS accounts ON usual.account_id = accounts.account_id
INNER JOIN core_cycle_groups
    ON
        coalesce(usual.cycle_days, 0) > core_cycle_groups.from_days
        AND (core_cycle_groups.to_days IS NULL OR usual.cycle_days <= core_cycle_groups.to_days)
        OR usual.cycle_days IS NULL AND core_cycle_groups.to_days = 0
LEFT JOIN closings ON usual.account_id = closings.account_id
