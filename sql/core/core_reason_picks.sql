-- Why the account left, as its representative wrote back after working a row of this lapse. A family code or none is no pick.
SELECT
    lapses.account_id,
    lapses.as_of_on,
    assignments.row_key,
    coalesce(outcomes.worked_on, assignments.week_on) AS worked_on,
    outcomes.true_reason_code AS reason_code,
    outcomes.customer_quote
FROM core_lapses AS lapses
INNER JOIN core_past_assignments AS assignments ON lapses.account_id = assignments.account_id
INNER JOIN asof_outcomes AS outcomes ON assignments.row_key = outcomes.row_key
WHERE
    assignments.week_on >= lapses.lapsed_on
    AND outcomes.true_reason_code IS NOT NULL
    AND outcomes.true_reason_code NOT IN ('1', '2')
