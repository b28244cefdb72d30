-- not portable: one Spark Connect engine tried (Sail) moves the mean gap's division into the join and divides by zero there
-- What was known of an account when it lapsed, one row per lapse: the facts of its life until then, as running sums over its
-- purchase days, so that no later day counts. A gap that holds an earlier lapse is no gap of the cycle.
-- A purchase covers the days until the next one is due: to the end of what is paid (contracts), else the mean gap, at least a
-- week and not past the lapse. Spend a day is the mean purchase over the days that one covers: what the account brought while
-- it was active.
-- Divisors are at least 1 even where CASE leaves the row out: some engines divide first.
-- Amounts are divided as doubles, which DuckDB does by itself; Spark would divide decimals and round ties the other way.
WITH days AS (
    SELECT
        purchases.account_id,
        purchases.purchase_no,
        purchases.spent_on,
        purchases.day_amount,
        CASE WHEN active.started_on IS NULL THEN purchases.gap_days END AS gap_days
    FROM core_purchase_days AS purchases
    LEFT JOIN core_spells AS active
        ON
            purchases.account_id = active.account_id
            AND purchases.spent_on = active.started_on
            AND active.spell_kind = 'active'
),

running AS (
    SELECT
        account_id,
        purchase_no,
        spent_on,
        min(spent_on) OVER (PARTITION BY account_id) AS first_spend_on,
        sum(day_amount) OVER (
            PARTITION BY account_id ORDER BY purchase_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS spend_so_far,
        sum(gap_days) OVER (
            PARTITION BY account_id ORDER BY purchase_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS gaps_so_far,
        count(gap_days) OVER (
            PARTITION BY account_id ORDER BY purchase_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS n_gaps_so_far
    FROM days
),

covered AS (
    SELECT
        lapses.account_id,
        lapses.spell_no,
        lapses.last_spend_on,
        lapses.started_on AS lapsed_on,
        lapses.ended_on,
        lapses.end_cause,
        lapses.lapse_basis,
        lapses.is_unpaid,
        core_week.as_of_on,
        running.first_spend_on,
        running.purchase_no AS n_earlier_purchase_days,
        CAST(
            CASE WHEN running.spend_so_far > 0 THEN CAST(running.spend_so_far AS DOUBLE) / running.purchase_no ELSE 0 END
            AS DECIMAL(18, 4)
        ) AS mean_purchase_amount,
        CASE
            WHEN running.n_gaps_so_far > 0 THEN CAST(running.gaps_so_far AS DOUBLE) / greatest(running.n_gaps_so_far, 1)
        END AS mean_gap_days,
        CASE
            WHEN lapses.lapse_basis = 'paid_through'
                THEN greatest(datediff('day', lapses.last_spend_on, lapses.started_on) - core_week.grace_days, 1)
            ELSE least(
                greatest(
                    CASE
                        WHEN running.n_gaps_so_far > 0
                            THEN CAST(ceil(CAST(running.gaps_so_far AS DOUBLE) / greatest(running.n_gaps_so_far, 1)) AS BIGINT)
                        ELSE core_week.single_cycle_days
                    END,
                    7
                ),
                greatest(datediff('day', lapses.last_spend_on, lapses.started_on), 1)
            )
        END AS cover_days
    FROM core_spells AS lapses
    INNER JOIN running ON lapses.account_id = running.account_id AND lapses.last_spend_on = running.spent_on
    CROSS JOIN core_week
    WHERE lapses.spell_kind = 'lapsed'
)

SELECT
    covered.account_id,
    covered.spell_no,
    accounts.business_kind,
    core_cycle_groups.cycle_group,
    covered.last_spend_on,
    covered.lapsed_on,
    covered.ended_on,
    covered.end_cause,
    CAST(datediff('day', covered.lapsed_on, coalesce(covered.ended_on, covered.as_of_on)) AS BIGINT) AS lapsed_days,
    covered.lapse_basis,
    covered.is_unpaid,
    CAST(datediff('day', covered.first_spend_on, covered.last_spend_on) AS BIGINT) AS first_lifetime_days,
    covered.n_earlier_purchase_days,
    CAST(floor(covered.spell_no / 2) AS BIGINT) - 1 AS n_earlier_lapses,
    covered.mean_purchase_amount,
    covered.mean_gap_days,
    CAST(covered.cover_days AS BIGINT) AS cover_days,
    CAST(covered.mean_purchase_amount AS DOUBLE) / covered.cover_days AS first_daily_amount
FROM covered
INNER JOIN core_accounts_week AS accounts ON covered.account_id = accounts.account_id
INNER JOIN core_cycle_groups
    ON
        coalesce(covered.mean_gap_days, 0) > core_cycle_groups.from_days
        AND (core_cycle_groups.to_days IS NULL OR covered.mean_gap_days <= core_cycle_groups.to_days)
        OR covered.mean_gap_days IS NULL AND core_cycle_groups.to_days = 0
