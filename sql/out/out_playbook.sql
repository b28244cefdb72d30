-- The week's playbook rows, one per listed assignment, in the order and with the columns of the representatives' CSV. Texts are made
-- in out_words from the row's facts; whom to address in out_contacts. Chance if contacted and net value are those of the row's own
-- play and offer, and missing until enough touched outcomes exist.
SELECT
    assignments.rank,
    accounts.account_name,
    people.person_name,
    people.contact_role,
    people.phone,
    people.play_channel,
    facts.due_on_plan,
    values_of.best_by_on,
    words.action,
    words.why_now,
    words.reason_name,
    words.offer_text,
    assignments.row_key,
    assignments.account_id,
    assignments.week_on,
    assignments.rep_id,
    assignments.change_word,
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
    words.drivers_text,
    nets.touched_prob,
    uplift.uplift_share,
    coalesce(uplift.uplift_status, nets.uplift_status, 'none') AS uplift_status,
    values_of.value_at_stake_amount,
    values_of.value_low_amount,
    values_of.value_mid_amount,
    values_of.value_high_amount,
    nets.net_value_low_amount,
    nets.net_value_amount,
    nets.net_value_high_amount,
    values_of.forgone_revenue_amount,
    values_of.value_of_day_amount,
    core_week.base_currency AS currency,
    assignments.play_id,
    assignments.play_version,
    plays.lane,
    assignments.minutes,
    assignments.offer_id,
    nets.offer_cost_amount,
    words.talk_track,
    words.facts_text,
    words.steps_text,
    words.restart_text,
    words.do_not_say,
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
INNER JOIN out_contacts AS people ON assignments.row_key = people.row_key
INNER JOIN out_facts AS facts ON assignments.row_key = facts.row_key
INNER JOIN out_words AS words ON assignments.row_key = words.row_key
LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
LEFT JOIN score_reasons AS reasons ON assignments.account_id = reasons.account_id
LEFT JOIN score_return_time AS chances
    ON assignments.account_id = chances.account_id AND chances.horizon_days = core_week.horizon_days
LEFT JOIN score_net_value AS nets
    ON
        assignments.account_id = nets.account_id
        AND assignments.play_id = nets.play_id
        AND coalesce(assignments.offer_id, '') = coalesce(nets.offer_id, '')
LEFT JOIN score_uplift AS uplift
    ON
        assignments.account_id = uplift.account_id
        AND assignments.play_id = uplift.play_id
        AND coalesce(assignments.offer_id, '') = coalesce(uplift.offer_id, '')
WHERE assignments.assignment <> 'holdout'
