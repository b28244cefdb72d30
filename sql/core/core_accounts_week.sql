-- Every account with counted spend, as known in the week: its cycle, its usual purchase and what a year of it is worth.
-- The usual purchase leaves out the highest and lowest tenth of the account's purchase days. Spend a day is the usual purchase
-- times the gaps of the last year over the days they span, at least 28, so that a burst of a few days is not taken for a habit.
-- Amounts are divided as doubles, which DuckDB does by itself; Spark would divide decimals and round ties the other way.
-- Most accounts have few purchase days, so only long histories are sorted by amount: below ten days a tenth is none, below
-- twenty it is one.
WITH behaviour AS (
    SELECT
        account_id,
        count(*) AS n_purchase_days,
        min(spent_on) AS first_spend_on,
        max(spent_on) AS last_spend_on,
        sum(day_amount) AS spend_amount,
        min(day_amount) AS least_amount,
        max(day_amount) AS most_amount,
        CAST(median(gap_days) AS DOUBLE) AS cycle_days,
        max(CASE WHEN next_gap_days IS NULL THEN paid_through_on END) AS paid_through_on,
        max(CASE WHEN next_gap_days IS NULL AND has_open_due THEN 1 ELSE 0 END) AS is_unpaid
    FROM core_purchase_days
    GROUP BY account_id
),

years AS (
    SELECT
        days.account_id,
        count(*) AS n_year_days,
        max(datediff('day', days.spent_on, behaviour.last_spend_on)) AS year_span_days
    FROM core_purchase_days AS days
    INNER JOIN behaviour ON days.account_id = behaviour.account_id
    WHERE datediff('day', days.spent_on, behaviour.last_spend_on) < 365
    GROUP BY days.account_id
),

ranked AS (
    SELECT
        days.account_id,
        days.day_amount,
        behaviour.n_purchase_days AS n_days,
        row_number() OVER (PARTITION BY days.account_id ORDER BY days.day_amount, days.purchase_no) AS amount_rank
    FROM core_purchase_days AS days
    INNER JOIN behaviour ON days.account_id = behaviour.account_id
    WHERE behaviour.n_purchase_days >= 20
),

trimmed AS (
    SELECT
        account_id,
        sum(
            CASE
                WHEN amount_rank > floor(n_days / 10) AND amount_rank <= n_days - floor(n_days / 10) THEN day_amount
                ELSE 0
            END
        ) AS kept_amount
    FROM ranked
    GROUP BY account_id
),

kept AS (
    SELECT
        behaviour.*,
        years.n_year_days,
        years.year_span_days,
        CASE
            WHEN behaviour.n_purchase_days < 10 THEN behaviour.spend_amount
            WHEN behaviour.n_purchase_days < 20
                THEN behaviour.spend_amount - behaviour.least_amount - behaviour.most_amount
            ELSE trimmed.kept_amount
        END AS kept_amount,
        behaviour.n_purchase_days - 2 * floor(behaviour.n_purchase_days / 10) AS n_kept
    FROM behaviour
    INNER JOIN years ON behaviour.account_id = years.account_id
    LEFT JOIN trimmed ON behaviour.account_id = trimmed.account_id
),

usual AS (
    SELECT
        *,
        CAST(CASE WHEN kept_amount > 0 THEN CAST(kept_amount AS DOUBLE) / n_kept ELSE 0 END AS DECIMAL(18, 4))
            AS trimmed_amount
    FROM kept
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
