-- Win-back contacts: earlier assignments whose outcome says that they were worked.
SELECT DISTINCT
    assignments.account_id,
    outcomes.worked_on AS touched_on
FROM asof_outcomes AS outcomes
INNER JOIN core_past_assignments AS assignments ON outcomes.row_key = assignments.row_key
WHERE outcomes.worked_on IS NOT NULL AND coalesce(outcomes.result, '') <> 'not_worked'
