-- What winning an account back is worth: its second lifetime, low, middle and high, as revenue unless a margin is set. Value at stake,
-- the worth of a year weighed by the chance of return (without any chance, the worth of a year), ranks as long as there is no net
-- value of plays and offers (`score_net_value`).
-- Forgone revenue: trimmed daily spend before the lapse x days since the expected next purchase, up to the cap.
-- Value of a day: what the chance falls in a week x the mean value of a second lifetime / 7.
SELECT
    lapses.account_id,
    lapses.as_of_on,
    CAST(accounts.year_amount * coalesce(timing.prob, 1) AS DECIMAL(18, 4)) AS value_at_stake_amount,
    second.value_low_amount,
    second.value_mid_amount,
    second.value_high_amount,
    CAST(
        round(
            lapses.daily_spend_amount * least(
                greatest(datediff('day', lapses.next_expected_on, lapses.as_of_on), 0), core_week.forgone_cap_days
            ),
            2
        ) AS DECIMAL(18, 4)
    ) AS forgone_revenue_amount,
    CAST(
        round(greatest(timing.prob - timing.week_on_prob, 0) * CAST(second.value_mean_amount AS DOUBLE) / 7, 2) AS DECIMAL(18, 4)
    ) AS value_of_day_amount,
    date_add(lapses.as_of_on, CAST(timing.best_by_days AS INTEGER)) AS best_by_on
FROM core_lapses AS lapses
CROSS JOIN core_week
INNER JOIN core_accounts_week AS accounts ON lapses.account_id = accounts.account_id
LEFT JOIN score_return_timing AS timing ON lapses.account_id = timing.account_id
LEFT JOIN score_second_lifetime AS second ON lapses.account_id = second.account_id
