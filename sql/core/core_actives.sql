-- Accounts that are active in the week, with the day on which each lapses unless it buys before: the day that core_spells would
-- date the lapse of its last purchase. Cover is what that day is counted from: for contracts the days paid for plus grace, else
-- the days of silence that the account's threshold allows.
WITH dated AS (
    SELECT
        spells.account_id,
        spells.spell_no,
        accounts.business_kind,
        accounts.cycle_group,
        accounts.cycle_days,
        accounts.n_purchase_days,
        spells.started_on,
        spells.last_spend_on,
        latest.has_open_due AS is_unpaid,
        core_week.as_of_on,
        coalesce(published.lapse_basis, CASE WHEN latest.has_paid_through THEN 'paid_through' ELSE 'silence' END)
            AS lapse_basis,
        coalesce(
            published.lapsed_on,
            CASE
                WHEN latest.has_paid_through
                    THEN greatest(date_add(latest.paid_through_on, CAST(core_week.grace_days AS INTEGER)), latest.spent_on)
                ELSE date_add(
                    latest.spent_on,
                    CAST(
                        least(
                            greatest(
                                thresholds.threshold_days,
                                coalesce(CAST(ceil(accounts.cycle_days) AS BIGINT), core_week.single_cycle_days)
                            ),
                            core_week.lapse_max_days
                        ) AS INTEGER
                    )
                )
            END
        ) AS lapses_on
    FROM core_spells AS spells
    INNER JOIN core_accounts_week AS accounts ON spells.account_id = accounts.account_id
    INNER JOIN core_purchase_days AS latest
        ON spells.account_id = latest.account_id AND spells.last_spend_on = latest.spent_on
    INNER JOIN core_lapse_thresholds AS thresholds
        ON accounts.business_kind = thresholds.business_kind AND accounts.cycle_group = thresholds.cycle_group
    CROSS JOIN core_week
    LEFT JOIN ledger_lapses AS published
        ON
            spells.account_id = published.account_id
            AND spells.last_spend_on = published.last_spend_on
            AND published.week_on < core_week.as_of_on
    WHERE spells.spell_kind = 'active' AND spells.end_cause = 'open'
)

SELECT
    account_id,
    as_of_on,
    spell_no,
    business_kind,
    cycle_group,
    cycle_days,
    n_purchase_days,
    started_on,
    last_spend_on,
    lapse_basis,
    is_unpaid,
    lapses_on,
    datediff('day', last_spend_on, as_of_on) AS silence_days,
    datediff('day', as_of_on, lapses_on) AS lapse_in_days,
    greatest(datediff('day', last_spend_on, lapses_on), 1) AS threshold_days,
    CAST(datediff('day', last_spend_on, as_of_on) AS DOUBLE) / greatest(datediff('day', last_spend_on, lapses_on), 1)
        AS threshold_used_share
FROM dated
