-- When every account with counted spend bought, as known in the week: how recent, how often, how even, in which season.
-- A faded count weighs each purchase day by a half for every so many days since; terms are rounded, so that sums do not depend
-- on the order of rows. What an account's history cannot say yet stays null.
WITH aged AS (
    SELECT
        days.account_id,
        days.spent_on,
        days.gap_days,
        days.next_gap_days,
        (datediff('day', DATE '2000-01-03', days.spent_on) % 7 + 7) % 7 AS weekday_no,
        accounts.first_spend_on,
        accounts.last_spend_on,
        datediff('day', days.spent_on, core_week.as_of_on) AS age_days,
        datediff('day', accounts.first_spend_on, core_week.as_of_on) AS tenure_days,
        datediff('day', accounts.last_spend_on, core_week.as_of_on) AS silence_days,
        core_week.horizon_days
    FROM core_purchase_days AS days
    INNER JOIN core_accounts_week AS accounts ON days.account_id = accounts.account_id
    CROSS JOIN core_week
),

counts AS (
    SELECT
        account_id,
        max(silence_days) AS silence_days,
        max(tenure_days) AS tenure_days,
        max(tenure_days) - max(silence_days) AS active_span_days,
        count(*) AS n_purchase_days,
        sum(CASE WHEN age_days <= 28 THEN 1 ELSE 0 END) AS n_days_28,
        sum(CASE WHEN age_days <= 91 THEN 1 ELSE 0 END) AS n_days_91,
        sum(CASE WHEN age_days <= 182 THEN 1 ELSE 0 END) AS n_days_182,
        sum(CASE WHEN age_days <= 365 THEN 1 ELSE 0 END) AS n_days_365,
        sum(CAST(pow(2, -age_days / CAST(28 AS DOUBLE)) AS DECIMAL(18, 10))) AS faded_28_days,
        sum(CAST(pow(2, -age_days / CAST(112 AS DOUBLE)) AS DECIMAL(18, 10))) AS faded_112_days,
        sum(CASE WHEN age_days <= 364 AND age_days > 364 - horizon_days THEN 1 ELSE 0 END) AS n_season_days,
        sum(CASE WHEN 2 * age_days <= tenure_days THEN 1 ELSE 0 END) AS n_later_days,
        -- A month is busy once: where the next purchase, or none, comes in another one.
        sum(
            CASE
                WHEN floor(age_days / CAST(28 AS DOUBLE)) = floor((age_days - next_gap_days) / CAST(28 AS DOUBLE)) THEN 0
                ELSE 1
            END
        ) AS n_busy_months,
        greatest(
            sum(CASE WHEN weekday_no = 0 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 1 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 2 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 3 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 4 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 5 THEN 1 ELSE 0 END),
            sum(CASE WHEN weekday_no = 6 THEN 1 ELSE 0 END)
        ) AS n_top_weekday_days,
        count(gap_days) AS n_gaps,
        sum(gap_days) AS gap_sum,
        sum(gap_days * gap_days) AS gap_square_sum,
        max(gap_days) AS gap_max_days,
        min(gap_days) AS gap_min_days,
        max(CASE WHEN spent_on = last_spend_on THEN gap_days END) AS gap_last_days,
        sum(CASE WHEN gap_days <= silence_days THEN 1 ELSE 0 END) AS n_outlasted
    FROM aged
    GROUP BY account_id
),

returns AS (
    SELECT
        account_id,
        sum(CASE WHEN end_cause = 'return' THEN 1 ELSE 0 END) AS n_returns,
        sum(CASE WHEN end_cause = 'return' THEN datediff('day', last_spend_on, ended_on) END) AS return_days_sum
    FROM core_spells
    WHERE spell_kind = 'lapsed'
    GROUP BY account_id
),

spread AS (
    SELECT
        *,
        CASE WHEN n_gaps > 0 THEN gap_sum / CAST(n_gaps AS DOUBLE) END AS gap_mean_days,
        CASE
            WHEN n_gaps > 1
                THEN sqrt(
                    greatest(gap_square_sum - gap_sum * gap_sum / CAST(n_gaps AS DOUBLE), 0) / CAST(n_gaps - 1 AS DOUBLE)
                )
        END AS gap_std_days
    FROM counts
)

SELECT
    spread.account_id,
    core_week.as_of_on,
    spread.silence_days,
    spread.tenure_days,
    spread.active_span_days,
    spread.silence_days / CAST(spread.tenure_days AS DOUBLE) AS silence_share,
    spread.n_purchase_days,
    CAST(spread.n_days_28 AS BIGINT) AS n_purchase_days_28,
    CAST(spread.n_days_91 AS BIGINT) AS n_purchase_days_91,
    CAST(spread.n_days_182 AS BIGINT) AS n_purchase_days_182,
    CAST(spread.n_days_365 AS BIGINT) AS n_purchase_days_365,
    CAST(spread.faded_28_days AS DOUBLE) AS faded_28_days,
    CAST(spread.faded_112_days AS DOUBLE) AS faded_112_days,
    CAST(CASE WHEN spread.tenure_days >= 364 THEN spread.n_season_days END AS BIGINT) AS n_season_days,
    accounts.cycle_days,
    spread.gap_mean_days,
    spread.gap_std_days,
    spread.gap_min_days,
    spread.gap_max_days,
    spread.gap_last_days,
    spread.silence_days / spread.gap_mean_days AS silence_cycles,
    CASE
        WHEN spread.n_gaps > 0 THEN (spread.n_outlasted + CAST(0.5 AS DOUBLE)) / CAST(spread.n_gaps + 1 AS DOUBLE)
    END AS outlasted_share,
    CASE
        WHEN spread.gap_std_days + spread.gap_mean_days > 0
            THEN (spread.gap_std_days - spread.gap_mean_days) / (spread.gap_std_days + spread.gap_mean_days)
    END AS gap_burstiness,
    CASE WHEN spread.n_gaps > 0 THEN spread.n_later_days / CAST(spread.n_purchase_days AS DOUBLE) END AS later_half_share,
    CAST(spread.n_busy_months AS BIGINT) AS n_busy_months,
    spread.n_top_weekday_days / CAST(spread.n_purchase_days AS DOUBLE) AS top_weekday_share,
    CAST(coalesce(returns.n_returns, 0) AS BIGINT) AS n_earlier_returns,
    CASE
        WHEN returns.n_returns > 0 THEN returns.return_days_sum / CAST(returns.n_returns AS DOUBLE)
    END AS earlier_return_days
FROM spread
CROSS JOIN core_week
INNER JOIN core_accounts_week AS accounts ON spread.account_id = accounts.account_id
LEFT JOIN returns ON spread.account_id = returns.account_id
