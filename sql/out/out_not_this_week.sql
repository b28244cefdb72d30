-- Every lapsed account that is on no list this week, with its one cause; capacity is the cause where nothing else is.
SELECT
    candidates.account_id,
    candidates.as_of_on AS week_on,
    coalesce(candidates.cause, 'no_capacity') AS cause,
    candidates.lapsed_on,
    candidates.silence_days,
    candidates.return_prob,
    candidates.value_at_stake_amount,
    candidates.rep_id
FROM plan_candidates AS candidates
LEFT JOIN plan_assignments AS assignments ON candidates.account_id = assignments.account_id
WHERE assignments.account_id IS NULL
