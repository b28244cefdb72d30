-- What each feasible play and offer would bring: P(return touched) x (value of a second lifetime - cost of the offer)
-- - P(return untouched) x that value - minutes x their cost. An offer costs whenever it is redeemed, also by those who would have come
-- anyway. Where the uplift was measured by lot, P(touched) is P(untouched) plus that uplift. Low and high carry the intervals of the
-- uplift and of the value.
-- A price offer pays one more redemption for those who would have come anyway and for the spend that already hangs on discounts.
-- Without a chance if touched there is no net value, and the plan goes by value at stake: full for the arm the rules take, a little
-- less for the same play without its offer (so that a spent budget costs the offer and not the account), less again for the rest. The
-- worth of a year decides between accounts whose chance is nil.
-- An account is turned away as a loss only where contacts given by lot say so, up to the high end of the interval. Where no arm is
-- expected to gain and that is not shown, it is in doubt: there is no net value to go by, and it fills minutes that others leave, at
-- a thousandth of its value at stake. Else one unlucky estimate would empty the lists, and nothing would ever be learned again.
WITH arms AS (
    SELECT
        options.account_id,
        options.as_of_on,
        options.arm_no,
        options.play_id,
        options.offer_id,
        options.is_rule_choice,
        chances.prob AS untouched_prob,
        uplift.uplift_status,
        CASE
            WHEN uplift.uplift_status = 'experimental'
                THEN least(greatest(chances.prob + uplift.uplift_share, 0), 1)
            ELSE propensity.touched_prob
        END AS touched_prob,
        coalesce(uplift.uplift_share, propensity.touched_prob - chances.prob) AS uplift_share,
        coalesce(uplift.uplift_low_share, propensity.low - chances.high) AS uplift_low_share,
        coalesce(uplift.uplift_high_share, propensity.high - chances.low) AS uplift_high_share,
        CAST(second.value_low_amount AS DOUBLE) AS value_low,
        CAST(second.value_mean_amount AS DOUBLE) AS value_mean,
        CAST(second.value_high_amount AS DOUBLE) AS value_high,
        second.value_mid_amount,
        options.offer_cost_amount,
        CAST(options.offer_cost_amount AS DOUBLE) AS offer_cost,
        CAST(options.minutes * core_week.minute_cost_amount AS DECIMAL(18, 4)) AS minutes_cost_amount,
        options.is_price_offer,
        coalesce(loyalty.discount_only_share, 0) AS discount_only_share,
        values_of.value_at_stake_amount,
        accounts.year_amount
    FROM plan_options AS options
    CROSS JOIN core_week
    INNER JOIN score_value AS values_of ON options.account_id = values_of.account_id
    INNER JOIN core_accounts_week AS accounts ON options.account_id = accounts.account_id
    LEFT JOIN score_return_time AS chances
        ON options.account_id = chances.account_id AND chances.horizon_days = core_week.horizon_days
    LEFT JOIN score_propensity AS propensity
        ON
            options.account_id = propensity.account_id
            AND options.play_id = propensity.play_id
            AND coalesce(options.offer_id, '') = coalesce(propensity.offer_id, '')
    LEFT JOIN score_uplift AS uplift
        ON
            options.account_id = uplift.account_id
            AND options.play_id = uplift.play_id
            AND coalesce(options.offer_id, '') = coalesce(uplift.offer_id, '')
    LEFT JOIN score_second_lifetime AS second ON options.account_id = second.account_id
    LEFT JOIN feat_loyalty AS loyalty ON options.account_id = loyalty.account_id
),

priced AS (
    SELECT
        *,
        touched_prob * offer_cost AS expected_cost,
        CASE WHEN is_price_offer THEN offer_cost * (untouched_prob + touched_prob * discount_only_share) ELSE 0 END AS penalty,
        CASE WHEN is_rule_choice THEN 1.0 WHEN offer_id IS NULL THEN 0.99 ELSE 0.98 END AS rule_factor
    FROM arms
),

netted AS (
    SELECT
        *,
        uplift_share * value_mean - expected_cost - penalty - CAST(minutes_cost_amount AS DOUBLE) AS net_mean,
        least(uplift_low_share * value_low, uplift_low_share * value_high)
        - expected_cost - penalty - CAST(minutes_cost_amount AS DOUBLE) AS net_low,
        greatest(uplift_high_share * value_high, uplift_high_share * value_low)
        - expected_cost - penalty - CAST(minutes_cost_amount AS DOUBLE) AS net_high
    FROM priced
),

judged AS (
    SELECT
        *,
        coalesce(max(net_mean) OVER (PARTITION BY account_id) <= 0, false)
        AND (
            coalesce(uplift_status, 'none') <> 'experimental'
            OR coalesce(max(net_high) OVER (PARTITION BY account_id) > 0, true)
        ) AS is_in_doubt
    FROM netted
),

based AS (
    SELECT
        *,
        NOT is_in_doubt AND touched_prob IS NOT NULL AND net_mean IS NOT NULL AS is_by_net_value
    FROM judged
)

SELECT
    account_id,
    as_of_on,
    arm_no,
    play_id,
    offer_id,
    untouched_prob,
    touched_prob,
    coalesce(uplift_status, 'none') AS uplift_status,
    value_mid_amount,
    offer_cost_amount,
    minutes_cost_amount,
    CAST(round(penalty, 2) AS DECIMAL(18, 4)) AS discount_penalty_amount,
    CASE WHEN is_by_net_value THEN CAST(round(least(net_low, net_mean), 2) AS DECIMAL(18, 4)) END AS net_value_low_amount,
    CASE WHEN is_by_net_value THEN CAST(round(net_mean, 2) AS DECIMAL(18, 4)) END AS net_value_amount,
    CASE WHEN is_by_net_value THEN CAST(round(greatest(net_high, net_mean), 2) AS DECIMAL(18, 4)) END AS net_value_high_amount,
    CAST(
        CASE
            WHEN is_by_net_value THEN round(net_mean, 2)
            ELSE
                round(
                    (CAST(value_at_stake_amount AS DOUBLE) + CAST(year_amount AS DOUBLE) / 1000000)
                    * rule_factor * CASE WHEN is_in_doubt THEN 0.001 ELSE 1 END,
                    4
                )
        END AS DECIMAL(18, 4)
    ) AS plan_value_amount,
    CASE WHEN is_by_net_value THEN 'net_value' ELSE 'value_at_stake' END AS value_basis
FROM based
