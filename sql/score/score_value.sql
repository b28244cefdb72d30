-- What winning an account back is worth. Until enough touched outcomes exist there is no net value: value at stake ranks, the
-- worth of a year weighed by the chance of return (without any curve, the worth of a year).
-- Forgone revenue: trimmed daily spend before the lapse x days since the expected next purchase, up to the cap.
WITH reach AS (
    SELECT
        cycle_group,
        max(silence_days) AS last_silence_days
    FROM model_return_time
    GROUP BY cycle_group
)

SELECT
    lapses.account_id,
    lapses.as_of_on,
    CAST(NULL AS VARCHAR) AS play_id,
    CAST(NULL AS VARCHAR) AS offer_id,
    CAST(accounts.year_amount * coalesce(model.prob, 1) AS DECIMAL(18, 4)) AS value_at_stake_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS value_low_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS value_mid_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS value_high_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS net_value_low_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS net_value_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS net_value_high_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS offer_cost_amount,
    CAST(
        round(
            lapses.daily_spend_amount * least(
                greatest(datediff('day', lapses.next_expected_on, lapses.as_of_on), 0), core_week.forgone_cap_days
            ),
            2
        ) AS DECIMAL(18, 4)
    ) AS forgone_revenue_amount,
    CAST(NULL AS DECIMAL(18, 4)) AS value_of_day_amount,
    date_add(lapses.as_of_on, CAST(model.best_by_days AS INTEGER)) AS best_by_on
FROM core_lapses AS lapses
CROSS JOIN core_week
INNER JOIN core_accounts_week AS accounts ON lapses.account_id = accounts.account_id
LEFT JOIN reach ON lapses.cycle_group = reach.cycle_group
LEFT JOIN model_return_time AS model
    ON
        lapses.cycle_group = model.cycle_group
        AND least(lapses.silence_days, reach.last_silence_days) = model.silence_days
        AND model.horizon_days = core_week.horizon_days
