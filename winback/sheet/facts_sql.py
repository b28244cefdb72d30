"""SELECTs of the sheet's single values: one row per wanted account.

Belongs here: what is read from which table for the sheet's mappings. Does not belong here: lists (`lists_sql`), the purchase
plan (`plan_sql`). Every SELECT starts with account_id and reads the accounts of `_wanted`.
"""

from __future__ import annotations

WEEK = "SELECT as_of_on, base_currency, horizon_days FROM core_week"

IDENTITY = """
SELECT account_id, account_name, business_kind, size_class, region, area, branch, rep_id, language, opened_on, closed_on,
    has_consent, is_do_not_contact, points_balance, preferences, taboos
FROM asof_accounts INNER JOIN _wanted USING (account_id)
"""

BEHAVIOUR = """
WITH largest AS (
    SELECT account_id, max(day_amount) AS max_day_amount, arg_min(spent_on, (-day_amount, spent_on)) AS max_day_on
    FROM core_purchase_days INNER JOIN _wanted USING (account_id)
    GROUP BY account_id
)
SELECT accounts.account_id, accounts.n_purchase_days, accounts.first_spend_on, accounts.last_spend_on, accounts.cycle_days,
    accounts.next_expected_on, accounts.trimmed_amount, accounts.spend_amount, accounts.year_amount, largest.max_day_amount,
    largest.max_day_on, loyalty.usage_level, loyalty.loyalty_level, loyalty.discount_only_share,
    categories.first_stopped_category, categories.first_stopped_days, categories.overdue_category,
    categories.overdue_category_days
FROM core_accounts_week AS accounts
INNER JOIN _wanted USING (account_id)
LEFT JOIN largest USING (account_id)
LEFT JOIN feat_loyalty AS loyalty USING (account_id)
LEFT JOIN feat_categories AS categories USING (account_id)
"""

LAPSE = """
SELECT account_id, lapsed_on, lapsed_days, silence_days, lapse_basis, is_unpaid, threshold_days, n_earlier_lapses
FROM core_lapses INNER JOIN _wanted USING (account_id)
"""

REASON = """
SELECT reasons.account_id, reasons.primary_code, reasons.likeliest_code, likeliest.reason_name, reasons.runner_up_code,
    runner_up.reason_name AS runner_up_name, reasons.secondary_codes, reasons.is_abstained, reasons.reason_prob,
    reasons.reason_tier, reasons.evidence_text, reasons.evidence_on, reasons.evidence_touchpoint_id, reasons.sign_slugs
FROM score_reasons AS reasons
INNER JOIN _wanted USING (account_id)
LEFT JOIN core_reasons AS likeliest ON reasons.likeliest_code = likeliest.reason_code
LEFT JOIN core_reasons AS runner_up ON reasons.runner_up_code = runner_up.reason_code
"""

VALUE = """
SELECT account_id, value_at_stake_amount, value_low_amount, value_mid_amount, value_high_amount, forgone_revenue_amount,
    value_of_day_amount, best_by_on
FROM score_value INNER JOIN _wanted USING (account_id)
"""

TIMING = """
SELECT account_id, prob, week_on_prob, best_by_days, median_days, never_prob, model_level
FROM score_return_timing INNER JOIN _wanted USING (account_id)
"""

SERVICE = """
SELECT service.account_id, service.n_service_cases, service.n_standards_missed, service.standard_overrun_days,
    service.n_service_late, service.n_claims, service.claim_amount, service.n_open_complaint_cases,
    service.n_open_complaint_contacts, service.n_incidents, service.n_incidents_unannounced, contacts.n_complaint_contacts,
    contacts.has_repeated_matter, contacts.n_promises_broken, contacts.last_contact_days, contacts.has_decision_maker,
    contacts.has_met_decision_maker
FROM feat_service AS service
INNER JOIN _wanted USING (account_id)
LEFT JOIN feat_contacts AS contacts USING (account_id)
"""

LISTED = """
SELECT playbook.account_id, playbook.* EXCLUDE (account_id)
FROM out_playbook AS playbook INNER JOIN _wanted USING (account_id)
"""

CAUSE = "SELECT account_id, cause FROM out_not_this_week INNER JOIN _wanted USING (account_id)"
