-- Every lapsed account that is on no list this week, with its one cause: what bars it, the lot that withholds it, contacts that have used
-- up the cap of its play, no play or offer that would bring more than it costs, nobody who could serve it, or, where nothing else is,
-- capacity.
WITH best AS (
    SELECT
        account_id,
        max(plan_value_amount) AS plan_value_amount
    FROM score_net_value
    GROUP BY account_id
),

served AS (
    SELECT DISTINCT account_id FROM plan_reps
),

possible AS (
    SELECT DISTINCT account_id FROM plan_options
)

SELECT
    candidates.account_id,
    candidates.as_of_on AS week_on,
    CASE
        WHEN assignments.account_id IS NOT NULL THEN 'holdout'
        WHEN candidates.cause IS NOT NULL THEN candidates.cause
        WHEN possible.account_id IS NULL THEN 'contact_cap'
        WHEN best.plan_value_amount < 0 THEN 'no_gain'
        WHEN served.account_id IS NULL THEN 'no_rep'
        ELSE 'no_capacity'
    END AS cause,
    candidates.lapsed_on,
    candidates.silence_days,
    candidates.return_prob,
    candidates.value_at_stake_amount,
    candidates.rep_id
FROM plan_candidates AS candidates
LEFT JOIN plan_assignments AS assignments ON candidates.account_id = assignments.account_id
LEFT JOIN best ON candidates.account_id = best.account_id
LEFT JOIN possible ON candidates.account_id = possible.account_id
LEFT JOIN served ON candidates.account_id = served.account_id
WHERE assignments.account_id IS NULL OR assignments.assignment = 'holdout'
