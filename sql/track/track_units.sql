-- The units of analysis of every experiment: the first assignment of a lapse in it, by intention to treat. Later rows of the same lapse
-- are left out: by then the first one may have changed what they find. Days count as the Monday of their week.
-- Money is known once the horizon has passed; spend within the second lifetime counts for returns within the horizon, 0 without one.
-- Where the log no longer shows the lapse before the return, the spend within the horizon stands for it.
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY experiment_id, account_id, last_spend_on ORDER BY week_on, row_key) AS place
    FROM core_treatments
    WHERE experiment_id IS NOT NULL
)

SELECT
    row_key,
    account_id,
    experiment_id,
    CAST(date_trunc('week', week_on) AS DATE) AS week_on,
    assignment,
    assignment_prob,
    arm_prob,
    n_arms,
    play_id,
    offer_id,
    CAST(datediff('day', last_spend_on, week_on) AS BIGINT) AS silence_days,
    is_worked,
    spent_minutes,
    is_contaminated,
    is_settled,
    CASE WHEN is_settled THEN coalesce(has_returned, false) END AS has_returned,
    CASE WHEN is_settled THEN horizon_amount END AS horizon_amount,
    CASE
        WHEN NOT is_settled THEN NULL
        WHEN has_returned THEN coalesce(second_amount, horizon_amount)
        ELSE CAST(0 AS DECIMAL(18, 4))
    END AS second_amount
FROM numbered
WHERE place = 1
