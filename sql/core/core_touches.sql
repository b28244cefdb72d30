-- Win-back contacts: earlier assignments whose outcome says that they were worked. Where the day was not written down, the Monday of
-- the list stands for it: no contact under the row came before.
SELECT DISTINCT
    assignments.account_id,
    coalesce(outcomes.worked_on, assignments.week_on) AS touched_on
FROM asof_outcomes AS outcomes
INNER JOIN core_past_assignments AS assignments ON outcomes.row_key = assignments.row_key
WHERE (outcomes.worked_on IS NOT NULL OR outcomes.result IS NOT NULL) AND coalesce(outcomes.result, '') <> 'not_worked'
