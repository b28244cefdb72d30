-- Every assignment of an earlier week: what this system published, and what was delivered as made elsewhere.
-- A row key that was published here is not taken a second time from a delivered file.
SELECT
    ledger.row_key,
    ledger.account_id,
    ledger.week_on,
    ledger.rep_id,
    ledger.play_id,
    ledger.offer_id,
    plays.play_channel,
    ledger.assignment,
    ledger.assignment_prob,
    ledger.arm_prob,
    ledger.n_arms,
    ledger.experiment_id,
    false AS is_delivered
FROM ledger_assignments AS ledger
CROSS JOIN core_week
LEFT JOIN core_plays AS plays ON ledger.play_id = plays.play_id
WHERE ledger.week_on < core_week.as_of_on
UNION ALL
SELECT
    delivered.row_key,
    delivered.account_id,
    delivered.assigned_on AS week_on,
    delivered.rep_id,
    delivered.play_id,
    delivered.offer_id,
    delivered.channel AS play_channel,
    coalesce(delivered.assignment, 'treated') AS assignment,
    delivered.assignment_prob,
    delivered.arm_prob,
    delivered.n_arms,
    delivered.experiment_id,
    true AS is_delivered
FROM asof_assignments AS delivered
LEFT JOIN ledger_assignments AS ledger ON delivered.row_key = ledger.row_key
WHERE ledger.row_key IS NULL
