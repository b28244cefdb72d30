-- Accounts that are lapsed in the week.
SELECT
    spells.account_id,
    core_week.as_of_on,
    accounts.business_kind,
    accounts.cycle_group,
    accounts.cycle_days,
    spells.last_spend_on,
    spells.started_on AS lapsed_on,
    spells.lapse_basis,
    spells.is_unpaid,
    coalesce(spells.threshold_days, greatest(datediff('day', spells.last_spend_on, spells.started_on), 1)) AS threshold_days,
    datediff('day', spells.last_spend_on, core_week.as_of_on) AS silence_days,
    datediff('day', spells.started_on, core_week.as_of_on) AS lapsed_days,
    CAST(floor(spells.spell_no / 2) AS BIGINT) - 1 AS n_earlier_lapses,
    accounts.n_purchase_days,
    accounts.trimmed_amount,
    accounts.year_amount,
    accounts.daily_spend_amount,
    accounts.next_expected_on
FROM core_spells AS spells
INNER JOIN core_accounts_week AS accounts ON spells.account_id = accounts.account_id
CROSS JOIN core_week
WHERE spells.spell_kind = 'lapsed' AND spells.end_cause = 'open'
