-- The facts of every listed row, one column for each fact that a play may name (winback/plays/facts.yaml), with what decides how
-- they are put: play, language, temperament, taboos, and whether the reason may be said outright. Outright is only what the arm
-- allows and the reason asserts: its leaf code is the play's, stated or confirmed. The language is missing where neither account
-- nor person tells it: then the workspace's is used. The first contact is due on the play's day, but no later than the best-by day,
-- though never before the Tuesday after the list came out. A code that nothing speaks for (tier 4, code 7) is missing.
SELECT
    assignments.row_key,
    assignments.account_id,
    assignments.week_on,
    assignments.play_id,
    assignments.offer_id,
    CASE
        WHEN worth.best_by_on IS NULL THEN date_add(assignments.week_on, CAST(plays.due_days AS INTEGER))
        ELSE
            least(
                date_add(assignments.week_on, CAST(plays.due_days AS INTEGER)),
                greatest(worth.best_by_on, date_add(assignments.week_on, 1))
            )
    END AS due_on_plan,
    coalesce(accounts.language, people.language) AS language,
    people.temperament,
    accounts.taboos,
    coalesce(
        options.is_outright AND reasons.primary_code = plays.code AND reasons.reason_tier IN ('1', '2a') AND NOT reasons.is_abstained,
        false
    ) AS is_outright,
    reasons.primary_code,
    reasons.is_abstained,
    lapses.silence_days,
    lapses.cycle_days,
    lapses.last_spend_on,
    lapses.next_expected_on,
    lapses.n_purchase_days,
    lapses.trimmed_amount,
    lapses.year_amount,
    spend.max_day_amount,
    accounts.points_balance,
    reasons.reason_tier,
    reasons.evidence_text,
    reasons.evidence_on,
    CASE WHEN reasons.reason_tier <> '4' AND reasons.likeliest_code <> '7' THEN reasons.likeliest_code END AS likeliest_code,
    CASE WHEN reasons.reason_tier <> '4' AND reasons.runner_up_code <> '7' THEN reasons.runner_up_code END AS runner_up_code,
    told.rival_name,
    used.usage_days,
    usage.n_visits,
    usage.n_clicks,
    usage.n_inquiries,
    usage.n_messages,
    usage.n_orders,
    usage.cost_amount,
    used.cost_per_day_amount,
    used.cost_per_click_amount,
    used.inquiries_own_ratio,
    used.clicks_jump_ratio,
    used.orders_per_inquiry,
    used.visits_per_click,
    used.n_usage_peers,
    used.cost_peer_ratio,
    used.cost_per_click_peer_ratio,
    used.inquiries_peer_ratio,
    market.n_market_peers,
    market.lapsed_peers_share,
    market.season_ratio,
    setup.purpose,
    setup.keyword_fit_share,
    setup.ad_quality_score,
    setup.mean_rank,
    setup.daily_cap_amount,
    setup.target_regions,
    setup.site_uptime_share,
    setup.reply_minutes,
    contacts.n_contacts_out_28,
    contacts.n_contacts_out_90,
    earlier.n_calls_before,
    contacts.last_contact_days,
    contacts.n_people_left,
    contacts.has_met_decision_maker,
    earlier.is_silent_sufferer,
    told.promise,
    told.promise_due_on,
    told.complaint_type,
    told.complaint_on,
    issues.n_open_issues AS n_open_complaints,
    told.account_event_on,
    service.standard_name,
    service.limit_days,
    service.reported_on,
    service.done_on,
    served.n_standards_missed,
    served.n_claims,
    served.claim_amount,
    service.incident_facts,
    service.started_at,
    service.ended_at,
    service.notice_sent_at,
    service.notice_audience,
    answers.change_text,
    answers.changed_on,
    payments.n_open_dues,
    payments.open_due_days,
    payments.has_unanswered_reminder,
    accounts_week.paid_through_on,
    goods.product_name,
    goods.arrives_on,
    answers.has_case_consent,
    answers.peer_name,
    answers.case_text
FROM plan_assignments AS assignments
INNER JOIN core_plays AS plays ON assignments.play_id = plays.play_id
INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
INNER JOIN core_accounts_week AS accounts_week ON assignments.account_id = accounts_week.account_id
INNER JOIN out_contacts AS people ON assignments.row_key = people.row_key
LEFT JOIN score_value AS worth ON assignments.account_id = worth.account_id
LEFT JOIN plan_options AS options
    ON
        assignments.account_id = options.account_id
        AND assignments.play_id = options.play_id
        AND coalesce(assignments.offer_id, '') = coalesce(options.offer_id, '')
LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
LEFT JOIN asof_account_setup AS setup ON assignments.account_id = setup.account_id
LEFT JOIN score_reasons AS reasons ON assignments.account_id = reasons.account_id
LEFT JOIN score_open_issues AS issues
    ON assignments.account_id = issues.account_id AND issues.issue_kind = 'open_complaint'
LEFT JOIN feat_spend AS spend ON assignments.account_id = spend.account_id
LEFT JOIN feat_usage AS used ON assignments.account_id = used.account_id
LEFT JOIN feat_market AS market ON assignments.account_id = market.account_id
LEFT JOIN feat_contacts AS contacts ON assignments.account_id = contacts.account_id
LEFT JOIN feat_lapse AS earlier ON assignments.account_id = earlier.account_id
LEFT JOIN feat_service AS served ON assignments.account_id = served.account_id
LEFT JOIN feat_payment AS payments ON assignments.account_id = payments.account_id
LEFT JOIN out_facts_contacts AS told ON assignments.row_key = told.row_key
LEFT JOIN out_facts_service AS service ON assignments.row_key = service.row_key
LEFT JOIN out_facts_usage AS usage ON assignments.row_key = usage.row_key
LEFT JOIN out_facts_answers AS answers ON assignments.row_key = answers.row_key
LEFT JOIN out_facts_goods AS goods ON assignments.row_key = goods.row_key
WHERE assignments.assignment <> 'holdout'
