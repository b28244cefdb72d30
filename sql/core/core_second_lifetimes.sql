-- Second lifetimes: every active spell that follows a lapse, with what was known at the return. Each purchase covers the days
-- until the next one is due, so the lifetime runs from the return to the end of its last purchase's cover (or of what is paid)
-- and not to the lapse, whose days of silence bring nothing. That an end has come is known only when the silence reaches the
-- threshold: every lifetime is therefore followed to the as-of Monday less that delay, and counts as unended where it passes
-- that day. A closed business ends its lifetime.
WITH ends AS (
    SELECT
        spells.account_id,
        spells.spell_no,
        spells.started_on AS returned_on,
        spells.end_cause,
        spells.n_purchase_days,
        spells.spend_amount,
        histories.cycle_group,
        histories.lapsed_days,
        histories.lapse_basis,
        histories.is_unpaid,
        histories.first_lifetime_days,
        histories.n_earlier_purchase_days,
        histories.n_earlier_lapses,
        histories.mean_purchase_amount,
        histories.mean_gap_days,
        histories.cover_days,
        histories.first_daily_amount,
        previous.first_touched_on IS NOT NULL AS is_after_touch,
        least(
            coalesce(spells.ended_on, DATE '9999-12-31'),
            CASE
                WHEN latest.has_paid_through THEN greatest(latest.paid_through_on, latest.spent_on)
                ELSE date_add(latest.spent_on, CAST(histories.cover_days AS INTEGER))
            END
        ) AS expected_end_on,
        date_add(
            core_week.as_of_on,
            CAST(
                -CASE
                    WHEN latest.has_paid_through THEN core_week.grace_days
                    ELSE greatest(
                        least(
                            greatest(
                                thresholds.threshold_days,
                                coalesce(CAST(ceil(accounts.cycle_days) AS BIGINT), core_week.single_cycle_days)
                            ),
                            core_week.lapse_max_days
                        ) - histories.cover_days,
                        0
                    )
                END AS INTEGER
            )
        ) AS followed_to_on
    FROM core_spells AS spells
    INNER JOIN core_lapse_histories AS histories
        ON spells.account_id = histories.account_id AND spells.spell_no = histories.spell_no + 1
    INNER JOIN core_purchase_days AS latest
        ON spells.account_id = latest.account_id AND spells.last_spend_on = latest.spent_on
    INNER JOIN core_purchase_days AS previous
        ON spells.account_id = previous.account_id AND histories.last_spend_on = previous.spent_on
    INNER JOIN core_accounts_week AS accounts ON spells.account_id = accounts.account_id
    INNER JOIN core_lapse_thresholds AS thresholds
        ON accounts.business_kind = thresholds.business_kind AND accounts.cycle_group = thresholds.cycle_group
    CROSS JOIN core_week
    WHERE spells.spell_kind = 'active'
),

followed AS (
    SELECT
        *,
        end_cause <> 'open' AND expected_end_on <= followed_to_on AS is_ended,
        greatest(datediff('day', returned_on, expected_end_on), 1) AS covered_days
    FROM ends
)

SELECT
    account_id,
    spell_no,
    returned_on,
    CASE WHEN is_ended THEN expected_end_on END AS ended_on,
    is_ended,
    CAST(
        CASE
            WHEN is_ended THEN covered_days
            ELSE greatest(datediff('day', returned_on, least(expected_end_on, followed_to_on)), 0)
        END AS BIGINT
    ) AS duration_days,
    CAST(covered_days AS BIGINT) AS covered_days,
    n_purchase_days,
    spend_amount,
    CAST(spend_amount AS DOUBLE) / covered_days AS second_daily_amount,
    cycle_group,
    lapsed_days,
    lapse_basis,
    is_unpaid,
    is_after_touch,
    first_lifetime_days,
    n_earlier_purchase_days,
    n_earlier_lapses,
    mean_purchase_amount,
    mean_gap_days,
    cover_days,
    first_daily_amount
FROM followed
