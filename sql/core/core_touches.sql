-- Win-back contacts: rows of earlier lists whose outcome says that they were worked.
SELECT DISTINCT
    ledger_assignments.account_id,
    outcomes.worked_on AS touched_on
FROM asof_outcomes AS outcomes
INNER JOIN ledger_assignments ON outcomes.row_key = ledger_assignments.row_key
WHERE outcomes.worked_on IS NOT NULL AND coalesce(outcomes.result, '') <> 'not_worked'
