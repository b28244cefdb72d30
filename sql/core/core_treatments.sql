-- Every earlier assignment with what came of it, by intention to treat: the horizon runs from the assignment, worked or not.
-- A row with a result was worked, on the Monday of its list where no day was written down.
-- A holdout is contaminated if anybody tried to sell to it, or worked a row of it, within the horizon.
-- Kept: not lapsed again so many days after the return.
WITH outcomes AS (
    SELECT
        assignments.row_key,
        coalesce(outcomes.worked_on, CASE WHEN outcomes.result <> 'not_worked' THEN assignments.week_on END) AS worked_on,
        outcomes.result,
        outcomes.true_reason_code,
        outcomes.spent_minutes
    FROM core_past_assignments AS assignments
    INNER JOIN asof_outcomes AS outcomes ON assignments.row_key = outcomes.row_key
),

spend AS (
    SELECT
        assignments.row_key,
        max(CASE WHEN days.spent_on < assignments.week_on THEN days.spent_on END) AS last_spend_on,
        min(CASE WHEN days.spent_on >= assignments.week_on THEN days.spent_on END) AS returned_on,
        sum(
            CASE
                WHEN
                    days.spent_on >= assignments.week_on
                    AND days.spent_on < date_add(assignments.week_on, CAST(core_week.horizon_days AS INTEGER))
                    THEN days.day_amount
                ELSE 0
            END
        ) AS horizon_amount
    FROM core_past_assignments AS assignments
    INNER JOIN core_purchase_days AS days ON assignments.account_id = days.account_id
    CROSS JOIN core_week
    GROUP BY assignments.row_key
),

contacts AS (
    SELECT
        account_id,
        touched_on
    FROM core_touches
    UNION
    SELECT
        account_id,
        touched_on
    FROM asof_touchpoints
    WHERE direction = 'out' AND kind = 'sales'
),

contaminated AS (
    SELECT DISTINCT assignments.row_key
    FROM core_past_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN contacts
        ON
            assignments.account_id = contacts.account_id
            AND contacts.touched_on >= assignments.week_on
            AND contacts.touched_on < date_add(assignments.week_on, CAST(core_week.horizon_days AS INTEGER))
    WHERE assignments.assignment = 'holdout'
),

lost_again AS (
    SELECT
        spend.row_key,
        min(spells.started_on) AS lapsed_again_on
    FROM spend
    INNER JOIN core_past_assignments AS assignments ON spend.row_key = assignments.row_key
    INNER JOIN core_spells AS spells
        ON
            assignments.account_id = spells.account_id
            AND spells.spell_kind = 'lapsed'
            AND spells.started_on > spend.returned_on
    GROUP BY spend.row_key
)

SELECT
    assignments.row_key,
    assignments.account_id,
    assignments.week_on,
    assignments.rep_id,
    assignments.play_id,
    assignments.offer_id,
    assignments.play_channel,
    assignments.assignment,
    assignments.assignment_prob,
    assignments.arm_prob,
    assignments.n_arms,
    assignments.experiment_id,
    assignments.is_delivered,
    spend.last_spend_on,
    outcomes.worked_on IS NOT NULL AND coalesce(outcomes.result, '') <> 'not_worked' AS is_worked,
    outcomes.worked_on,
    outcomes.result,
    outcomes.true_reason_code,
    outcomes.spent_minutes,
    contaminated.row_key IS NOT NULL AS is_contaminated,
    spend.returned_on,
    date_add(assignments.week_on, CAST(core_week.horizon_days AS INTEGER)) <= core_week.as_of_on AS is_settled,
    CASE
        WHEN datediff('day', assignments.week_on, spend.returned_on) < core_week.horizon_days THEN true
        WHEN date_add(assignments.week_on, CAST(core_week.horizon_days AS INTEGER)) <= core_week.as_of_on THEN false
    END AS has_returned,
    CAST(coalesce(spend.horizon_amount, 0) AS DECIMAL(18, 4)) AS horizon_amount,
    second.spend_amount AS second_amount,
    CASE
        WHEN datediff('day', spend.returned_on, lost_again.lapsed_again_on) <= 30 THEN false
        WHEN datediff('day', spend.returned_on, core_week.as_of_on) >= 30 THEN true
    END AS is_kept_30,
    CASE
        WHEN datediff('day', spend.returned_on, lost_again.lapsed_again_on) <= 90 THEN false
        WHEN datediff('day', spend.returned_on, core_week.as_of_on) >= 90 THEN true
    END AS is_kept_90,
    CASE
        WHEN datediff('day', spend.returned_on, lost_again.lapsed_again_on) <= 180 THEN false
        WHEN datediff('day', spend.returned_on, core_week.as_of_on) >= 180 THEN true
    END AS is_kept_180
FROM core_past_assignments AS assignments
CROSS JOIN core_week
LEFT JOIN spend ON assignments.row_key = spend.row_key
LEFT JOIN outcomes ON assignments.row_key = outcomes.row_key
LEFT JOIN contaminated ON assignments.row_key = contaminated.row_key
LEFT JOIN lost_again ON assignments.row_key = lost_again.row_key
LEFT JOIN core_second_lifetimes AS second
    ON assignments.account_id = second.account_id AND spend.returned_on = second.returned_on
