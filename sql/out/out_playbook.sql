-- The week's playbook rows, one per assignment, in the order and with the columns of the representatives' CSV.
-- A reason inferred from behaviour alone is never asserted: it is asked about, as are the two likeliest where none is sure.
-- Speak to whoever decides; without such a person, to the owner, then to whoever is known.
WITH people_ranked AS (
    SELECT
        people.*,
        row_number() OVER (
            PARTITION BY people.account_id
            ORDER BY
                CASE WHEN people.is_decision_maker THEN 0 ELSE 1 END,
                CASE people.role WHEN 'owner' THEN 0 WHEN 'decision_maker' THEN 1 WHEN 'manager' THEN 2 ELSE 3 END,
                people.person_id
        ) AS person_rank
    FROM asof_people AS people
    CROSS JOIN core_week
    WHERE people.valid_to_on IS NULL OR people.valid_to_on >= core_week.as_of_on
)

SELECT
    assignments.rank,
    accounts.account_name,
    people.person_name,
    coalesce(people.role, plays.contact_role) AS contact_role,
    people.phone,
    plays.play_channel,
    date_add(assignments.week_on, CAST(plays.due_days AS INTEGER)) AS due_on_plan,
    values_of.best_by_on,
    plays.action,
    replace(replace(replace(replace(
        CASE WHEN lapses.cycle_days IS NULL THEN plays.why_now_single ELSE plays.why_now END,
        '{silence_days}', CAST(lapses.silence_days AS VARCHAR)),
        '{cycle_days}', coalesce(CAST(CAST(ceil(lapses.cycle_days) AS BIGINT) AS VARCHAR), '')),
        '{year_amount}', concat(CAST(CAST(round(lapses.year_amount, 0) AS BIGINT) AS VARCHAR), ' ', core_week.base_currency)),
        '{last_spend_on}', CAST(lapses.last_spend_on AS VARCHAR)) AS why_now,
    CASE
        WHEN reasons.account_id IS NULL OR reasons.likeliest_code = '7' OR reasons.reason_tier = '4' THEN plays.reason_name
        WHEN reasons.is_abstained
            THEN
                replace(replace(plays.reason_either, '{likeliest}', likeliest.reason_name), '{runner_up}', runner_up.reason_name)
        WHEN reasons.reason_tier = '3' THEN replace(plays.reason_maybe, '{likeliest}', likeliest.reason_name)
        ELSE likeliest.reason_name
    END AS reason_name,
    CAST(NULL AS VARCHAR) AS offer_text,
    assignments.row_key,
    assignments.account_id,
    assignments.week_on,
    assignments.rep_id,
    lapses.last_spend_on,
    lapses.lapsed_on,
    lapses.silence_days,
    lapses.lapse_basis,
    lapses.is_unpaid,
    lapses.cycle_days,
    lapses.trimmed_amount,
    lapses.year_amount,
    reasons.primary_code,
    reasons.likeliest_code,
    reasons.is_abstained,
    reasons.secondary_codes,
    reasons.reason_prob,
    reasons.reason_tier,
    reasons.evidence_text,
    core_week.horizon_days,
    chances.prob AS return_prob,
    chances.low AS return_low_prob,
    chances.high AS return_high_prob,
    chances.model_level,
    chances.interval_method,
    CASE
        WHEN NOT core_week.is_simulated THEN chances.usage_warning
        WHEN chances.usage_warning IS NULL THEN 'simulated'
        ELSE concat('simulated;', chances.usage_warning)
    END AS usage_warning,
    CAST(NULL AS DOUBLE) AS touched_prob,
    CAST(NULL AS DOUBLE) AS uplift_share,
    'none' AS uplift_status,
    values_of.value_at_stake_amount,
    values_of.value_low_amount,
    values_of.value_mid_amount,
    values_of.value_high_amount,
    values_of.net_value_amount,
    values_of.forgone_revenue_amount,
    values_of.value_of_day_amount,
    core_week.base_currency AS currency,
    assignments.play_id,
    assignments.play_version,
    plays.lane,
    assignments.minutes,
    assignments.offer_id,
    values_of.offer_cost_amount,
    CASE
        WHEN
            reasons.account_id IS NULL OR reasons.likeliest_code = '7' OR reasons.reason_tier = '4'
            OR NOT reasons.is_abstained AND reasons.reason_tier <> '3'
            THEN plays.talk_track
        ELSE
            concat(
                plays.talk_track, ' ',
                replace(replace(plays.talk_either, '{likeliest}', likeliest.reason_name), '{runner_up}', runner_up.reason_name)
            )
    END AS talk_track,
    plays.do_not_say,
    accounts.preferences,
    accounts.taboos,
    assignments.assignment,
    assignments.assignment_prob,
    CAST(NULL AS DATE) AS worked_on,
    CAST(NULL AS VARCHAR) AS result,
    CAST(NULL AS VARCHAR) AS true_reason_code,
    CAST(NULL AS VARCHAR) AS customer_quote,
    CAST(NULL AS VARCHAR) AS promise,
    CAST(NULL AS DATE) AS promise_due_on,
    CAST(NULL AS DATE) AS next_contact_on,
    CAST(NULL AS BOOLEAN) AS has_asked_no_contact,
    CAST(NULL AS BIGINT) AS spent_minutes,
    CAST(NULL AS VARCHAR) AS result_note
FROM plan_assignments AS assignments
CROSS JOIN core_week
INNER JOIN core_plays AS plays ON assignments.play_id = plays.play_id
INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
INNER JOIN score_value AS values_of ON assignments.account_id = values_of.account_id
LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
LEFT JOIN people_ranked AS people ON assignments.account_id = people.account_id AND people.person_rank = 1
LEFT JOIN score_reasons AS reasons ON assignments.account_id = reasons.account_id
LEFT JOIN core_reasons AS likeliest ON reasons.likeliest_code = likeliest.reason_code
LEFT JOIN core_reasons AS runner_up ON reasons.runner_up_code = runner_up.reason_code
LEFT JOIN score_return_time AS chances
    ON assignments.account_id = chances.account_id AND chances.horizon_days = core_week.horizon_days
