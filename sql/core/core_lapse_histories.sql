-- not portable: one Spark Connect engine tried (Sail) moves the mean gap's division into the join and divides by zero there
-- What was known of an account when it lapsed, one row per lapse: the facts of its life until then, as running sums over its
-- spells, so that no later day counts. A gap that holds an earlier lapse is no gap of the cycle: the gaps are the days from the first
-- purchase to the last less those between an earlier lapse's last purchase and the return.
-- A purchase covers the days until the next one is due: to the end of what is paid (contracts), else the mean gap, at least a
-- week and not past the lapse. Spend a day is the mean purchase over the days that one covers: what the account brought while
-- it was active.
-- Divisors are at least 1 even where CASE leaves the row out: some engines divide first.
-- Amounts are divided as doubles, which DuckDB does by itself; Spark would divide decimals and round ties the other way.
WITH running AS (
    SELECT
        *,
        min(started_on) OVER (
            PARTITION BY account_id ORDER BY spell_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS first_spend_on,
        CAST(
            sum(n_purchase_days) OVER (
                PARTITION BY account_id ORDER BY spell_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS purchase_no,
        sum(spend_amount) OVER (
            PARTITION BY account_id ORDER BY spell_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS spend_so_far,
        CAST(
            coalesce(
                sum(CASE WHEN end_cause = 'return' THEN datediff('day', last_spend_on, ended_on) END) OVER (
                    PARTITION BY account_id ORDER BY spell_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                0
            ) AS BIGINT
        ) AS lapsed_gaps_so_far
    FROM core_spells
),

lives AS (
    SELECT
        *,
        datediff('day', first_spend_on, last_spend_on) - lapsed_gaps_so_far AS gaps_so_far,
        CAST(purchase_no - spell_no / 2 AS BIGINT) AS n_gaps_so_far
    FROM running
    WHERE spell_kind = 'lapsed'
),

covered AS (
    SELECT
        lives.account_id,
        lives.spell_no,
        lives.last_spend_on,
        lives.started_on AS lapsed_on,
        lives.ended_on,
        lives.end_cause,
        lives.lapse_basis,
        lives.is_unpaid,
        core_week.as_of_on,
        lives.first_spend_on,
        lives.purchase_no AS n_earlier_purchase_days,
        CAST(
            CASE WHEN lives.spend_so_far > 0 THEN CAST(lives.spend_so_far AS DOUBLE) / lives.purchase_no ELSE 0 END
            AS DECIMAL(18, 4)
        ) AS mean_purchase_amount,
        CASE
            WHEN lives.n_gaps_so_far > 0 THEN CAST(lives.gaps_so_far AS DOUBLE) / greatest(lives.n_gaps_so_far, 1)
        END AS mean_gap_days,
        CASE
            WHEN lives.lapse_basis = 'paid_through'
                THEN greatest(datediff('day', lives.last_spend_on, lives.started_on) - core_week.grace_days, 1)
            ELSE least(
                greatest(
                    CASE
                        WHEN lives.n_gaps_so_far > 0
                            THEN CAST(ceil(CAST(lives.gaps_so_far AS DOUBLE) / greatest(lives.n_gaps_so_far, 1)) AS BIGINT)
                        ELSE core_week.single_cycle_days
                    END,
                    7
                ),
                greatest(datediff('day', lives.last_spend_on, lives.started_on), 1)
            )
        END AS cover_days
    FROM lives
    CROSS JOIN core_week
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
