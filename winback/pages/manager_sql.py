"""SELECTs of the manager's page: one per section, a row per group, ids only.

Belongs here: figures that no table of the warehouse holds yet. Does not belong here: tables that are shown as they are
(`manager_sections` names them). The first column is the group; the others are measures, named by the column dictionary or by
`words.yaml`. No names of persons or accounts, no free text.
"""

from __future__ import annotations

TOP_ROWS = 15
"""Rows of each list of accounts."""

FUNNEL = """
WITH lapsed AS (
    SELECT count(*) AS n_lapsed, coalesce(sum(CASE WHEN cause IS NULL THEN 1 ELSE 0 END), 0) AS n_eligible FROM plan_candidates
),
planned AS (
    SELECT coalesce(sum(CASE WHEN assignment <> 'holdout' THEN 1 ELSE 0 END), 0) AS n_chosen,
        coalesce(sum(CASE WHEN assignment = 'holdout' THEN 1 ELSE 0 END), 0) AS n_holdout
    FROM plan_assignments
),
quarter AS (
    SELECT count(*) AS n_quarter_listed,
        sum(CASE WHEN treatments.is_worked THEN 1 ELSE 0 END) AS n_quarter_worked,
        sum(CASE WHEN treatments.returned_on IS NOT NULL THEN 1 ELSE 0 END) AS n_quarter_returned
    FROM core_treatments AS treatments
    CROSS JOIN core_week
    WHERE treatments.assignment <> 'holdout'
        AND treatments.week_on >= date_trunc('quarter', date_add(core_week.as_of_on, -1))
    HAVING count(*) > 0
)
SELECT '*' AS group_name, lapsed.n_lapsed, lapsed.n_eligible, planned.n_chosen, planned.n_holdout,
    quarter.n_quarter_listed, quarter.n_quarter_worked, quarter.n_quarter_returned
FROM lapsed CROSS JOIN planned LEFT JOIN quarter ON true
"""

NOT_CHOSEN = """
SELECT cause AS group_name, count(*) AS n_accounts,
    round(count(*) / CAST(sum(count(*)) OVER () AS DOUBLE), 6) AS share
FROM out_not_this_week
GROUP BY cause
ORDER BY n_accounts DESC, group_name
"""

REASON_MIX = """
WITH newest AS (
    SELECT mix.* FROM track_reason_mix AS mix INNER JOIN core_week ON mix.week_on = core_week.as_of_on
    WHERE mix.business_kind = '*'
),
families AS (
    SELECT CASE WHEN reason_code IN ('1', '2', '3') THEN reason_code ELSE '4-7' END AS family,
        sum(estimated_share) AS estimated_share, max(low_share) AS low_share, max(high_share) AS high_share,
        max(case_share) AS case_share, sum(n_asserted) AS n_asserted, max(n_accounts) AS n_accounts
    FROM newest
    WHERE reason_code IN ('1', '2', '3', '4', '5', '6', '7')
    GROUP BY 1
)
SELECT CASE WHEN families.family = '4-7' THEN '4-7' ELSE concat(families.family, ' ', reasons.reason_name) END AS group_name,
    families.n_accounts, families.n_asserted, round(families.estimated_share, 6) AS estimated_share,
    CASE WHEN families.family <> '4-7' THEN families.low_share END AS estimated_low_share,
    CASE WHEN families.family <> '4-7' THEN families.high_share END AS estimated_high_share,
    CASE WHEN families.family = '4-7' THEN ? ELSE families.case_share END AS case_share
FROM families LEFT JOIN core_reasons AS reasons ON families.family = reasons.reason_code
UNION ALL
SELECT concat(newest.reason_code, ' ', reasons.reason_name), newest.n_accounts, newest.n_asserted, newest.estimated_share,
    newest.low_share, newest.high_share, NULL
FROM newest INNER JOIN core_reasons AS reasons ON newest.reason_code = reasons.reason_code
WHERE newest.reason_code NOT IN ('1', '2', '3')
ORDER BY group_name
"""

CAPACITY = """
WITH planned AS (
    SELECT rep_id, count(*) AS n_rows, sum(minutes) AS planned_minutes
    FROM plan_assignments WHERE assignment <> 'holdout' GROUP BY rep_id
),
present AS (
    SELECT rep_id, coalesce(weekly_minutes, ?) AS capacity_minutes FROM asof_reps WHERE coalesce(is_active, true)
    UNION ALL
    SELECT default_rep_id, ? FROM core_week WHERE NOT EXISTS (SELECT 1 FROM asof_reps)
)
SELECT present.rep_id AS group_name, present.capacity_minutes, coalesce(planned.planned_minutes, 0) AS planned_minutes,
    CASE WHEN present.capacity_minutes > 0
        THEN round(coalesce(planned.planned_minutes, 0) / CAST(present.capacity_minutes AS DOUBLE), 6) END AS used_share,
    coalesce(planned.n_rows, 0) AS n_rows
FROM present LEFT JOIN planned ON present.rep_id = planned.rep_id
ORDER BY group_name
"""

LIST_BEFORE = f"""
SELECT risks.account_id AS group_name, accounts.rep_id, risks.lapse_prob, actives.lapses_on,
    CAST(round(risks.lapse_prob * CAST(weeks.year_amount AS DOUBLE), 2) AS DECIMAL(18, 2)) AS value_amount
FROM score_at_risk AS risks
INNER JOIN core_week ON risks.horizon_days = core_week.horizon_days
INNER JOIN core_actives AS actives ON risks.account_id = actives.account_id
INNER JOIN core_accounts_week AS weeks ON risks.account_id = weeks.account_id
LEFT JOIN asof_accounts AS accounts ON risks.account_id = accounts.account_id
ORDER BY value_amount DESC, group_name
LIMIT {TOP_ROWS}
"""

LIST_DURING = f"""
SELECT issues.account_id AS group_name, accounts.rep_id, issues.issue_kind, issues.since_on, issues.due_by_on,
    issues.overdue_days, issues.n_open_issues
FROM score_open_issues AS issues
LEFT JOIN asof_accounts AS accounts ON issues.account_id = accounts.account_id
WHERE issues.n_open_issues > 0
ORDER BY coalesce(issues.overdue_days, -1) DESC, issues.since_on, group_name, issues.issue_kind
LIMIT {TOP_ROWS}
"""

LIST_AFTER = f"""
SELECT lists.account_id AS group_name, lists.rep_id, lists.rank, lists.play_id, candidates.return_prob,
    candidates.value_at_stake_amount
FROM plan_assignments AS lists
INNER JOIN plan_candidates AS candidates ON lists.account_id = candidates.account_id
WHERE lists.assignment <> 'holdout'
ORDER BY candidates.value_at_stake_amount DESC, group_name
LIMIT {TOP_ROWS}
"""

ON_TIME = """
WITH due AS (
    SELECT standards.standard_name AS group_name, 0 AS place, cases.done_on,
        date_add(cases.reported_on, CAST(floor(standards.limit_days) AS INTEGER)) AS due_on
    FROM asof_service_events AS cases
    INNER JOIN asof_service_standards AS standards ON cases.standard_id = standards.standard_id
    UNION ALL
    SELECT 'promised_days', 1, done_on, promised_on FROM asof_service_events WHERE promised_on IS NOT NULL
    UNION ALL
    SELECT 'promises', 2, promise_done_on, promise_due_on FROM asof_touchpoints WHERE promise_due_on IS NOT NULL
),
judged AS (
    SELECT due.group_name, due.place, due.due_on >= date_add(core_week.as_of_on, -28) AS is_new,
        CASE WHEN due.done_on <= due.due_on THEN 1 ELSE 0 END AS is_met
    FROM due CROSS JOIN core_week
    WHERE due.due_on < core_week.as_of_on AND due.due_on >= date_add(core_week.as_of_on, -119) AND due.group_name IS NOT NULL
),
shares AS (
    SELECT group_name, place, sum(CASE WHEN is_new THEN 1 ELSE 0 END) AS n_cases,
        round(avg(CASE WHEN is_new THEN is_met END), 6) AS on_time_share,
        round(avg(CASE WHEN NOT is_new THEN is_met END), 6) AS before_share
    FROM judged
    GROUP BY group_name, place
)
SELECT group_name, n_cases, on_time_share, before_share, round(on_time_share - before_share, 6) AS change_share,
    n_cases >= 5 AND on_time_share <= before_share - 0.05 AS is_slipping
FROM shares
ORDER BY place, coalesce(on_time_share - before_share, 0), group_name
"""

REVISIT = """
WITH met AS (
    SELECT contacts.account_id
    FROM asof_touchpoints AS contacts CROSS JOIN core_week
    WHERE contacts.direction = 'out' AND contacts.touched_on >= date_add(core_week.as_of_on, -182)
    UNION
    SELECT lists.account_id
    FROM asof_outcomes AS worked CROSS JOIN core_week INNER JOIN ledger_assignments AS lists ON worked.row_key = lists.row_key
    WHERE
        coalesce(worked.worked_on, CASE WHEN worked.result IS NOT NULL THEN lists.week_on END)
        >= date_add(core_week.as_of_on, -182)
        AND coalesce(worked.result, '') <> 'not_worked'
),
customers AS (
    SELECT weeks.account_id, coalesce(accounts.rep_id, '-') AS rep_id, CASE WHEN met.account_id IS NULL THEN 0 ELSE 1 END AS is_met
    FROM core_accounts_week AS weeks
    CROSS JOIN core_week
    LEFT JOIN asof_accounts AS accounts ON weeks.account_id = accounts.account_id
    LEFT JOIN met ON weeks.account_id = met.account_id
    WHERE weeks.last_spend_on >= date_add(core_week.as_of_on, -365)
)
SELECT '*' AS group_name, count(*) AS n_accounts, sum(is_met) AS n_contacted, round(avg(is_met), 6) AS covered_share
FROM customers HAVING count(*) > 0
UNION ALL
SELECT rep_id, count(*), sum(is_met), round(avg(is_met), 6) FROM customers GROUP BY rep_id
ORDER BY group_name
"""

_SUFFERERS = """
WITH sufferers AS (
    SELECT lapsed.account_id, 'lapsed' AS spell_kind
    FROM feat_lapse AS lapsed WHERE lapsed.is_silent_sufferer
    UNION ALL
    SELECT issues.account_id, 'active' AS spell_kind
    FROM score_open_issues AS issues
    LEFT JOIN feat_contacts AS contacts ON issues.account_id = contacts.account_id
    WHERE issues.issue_kind = 'missed_standard' AND issues.spell_kind = 'active'
        AND coalesce(contacts.n_complaint_contacts, 0) = 0
)
"""

SILENT_COUNT = f"""
{_SUFFERERS}
SELECT spell_kind AS group_name, count(*) AS n_accounts FROM sufferers GROUP BY spell_kind ORDER BY group_name
"""

SILENT = f"""
{_SUFFERERS}
SELECT sufferers.account_id AS group_name, sufferers.spell_kind, accounts.rep_id, service.n_standards_missed,
    service.n_incidents, weeks.year_amount
FROM sufferers
INNER JOIN core_accounts_week AS weeks ON sufferers.account_id = weeks.account_id
LEFT JOIN feat_service AS service ON sufferers.account_id = service.account_id
LEFT JOIN asof_accounts AS accounts ON sufferers.account_id = accounts.account_id
ORDER BY weeks.year_amount DESC, group_name
LIMIT {TOP_ROWS}
"""
