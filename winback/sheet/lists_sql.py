"""SELECTs of the sheet's lists: several rows per wanted account, in the order they are shown.

Belongs here: categories, purchases, the timeline, promises, standards, complaints, people, mentions, chances, periods. Does
not belong here: single values (`facts_sql`). A `?` is the most rows an account gets.
"""

from __future__ import annotations

CATEGORIES = """
SELECT cycles.account_id, cycles.category, cycles.n_purchase_days, cycles.category_amount AS spend_amount, cycles.last_spend_on,
    cycles.cycle_days, cycles.next_expected_on,
    CASE WHEN cycles.next_expected_on < core_week.as_of_on
        THEN datediff('day', cycles.next_expected_on, core_week.as_of_on) END AS overdue_days
FROM core_purchase_cycles AS cycles
CROSS JOIN core_week
INNER JOIN _wanted USING (account_id)
WHERE cycles.category <> '*'
ORDER BY cycles.account_id, cycles.category_amount DESC, cycles.category
"""

PURCHASES = """
WITH newest AS (
    SELECT account_id, spent_on, day_amount, row_number() OVER (PARTITION BY account_id ORDER BY purchase_no DESC) AS newest_no
    FROM core_purchase_days INNER JOIN _wanted USING (account_id)
),
named AS (
    SELECT DISTINCT account_id, spent_on, category FROM _wanted_lines WHERE category IS NOT NULL
)
SELECT newest.account_id, newest.spent_on, newest.day_amount,
    string_agg(named.category, ', ' ORDER BY named.category) AS categories
FROM newest
LEFT JOIN named ON newest.account_id = named.account_id AND newest.spent_on = named.spent_on
WHERE newest.newest_no <= ?
GROUP BY newest.account_id, newest.spent_on, newest.day_amount
ORDER BY newest.account_id, newest.spent_on DESC
"""

PERIODS = """
WITH kinds AS (
    SELECT business_kind, count(*) AS n_peers FROM core_accounts_week GROUP BY business_kind
),
dated AS (
    SELECT days.account_id, days.day_amount,
        CAST(floor((datediff('day', days.spent_on, core_week.as_of_on) - 1) / 28) AS INTEGER) AS period_no
    FROM core_purchase_days AS days
    CROSS JOIN core_week
    WHERE days.spent_on >= date_add(core_week.as_of_on, -728)
),
peers AS (
    SELECT accounts.business_kind, dated.period_no, sum(dated.day_amount) AS peer_amount
    FROM dated INNER JOIN core_accounts_week AS accounts ON dated.account_id = accounts.account_id
    GROUP BY accounts.business_kind, dated.period_no
),
own AS (
    SELECT account_id, period_no, sum(day_amount) AS spend_amount
    FROM dated INNER JOIN _wanted USING (account_id)
    GROUP BY account_id, period_no
),
covered AS (
    SELECT CAST(least(26, floor(datediff('day', min(days.spent_on), max(core_week.as_of_on)) / 28)) AS INTEGER) AS n_periods
    FROM core_purchase_days AS days CROSS JOIN core_week
),
frame AS (
    SELECT accounts.account_id, accounts.business_kind, unnest(range((SELECT n_periods FROM covered))) AS period_no
    FROM core_accounts_week AS accounts INNER JOIN _wanted USING (account_id)
)
SELECT frame.account_id, frame.period_no, CAST(coalesce(own.spend_amount, 0) AS DOUBLE) AS spend_amount,
    CASE WHEN kinds.n_peers >= 5
        THEN round(CAST(coalesce(peers.peer_amount, 0) AS DOUBLE) / kinds.n_peers, 2) END AS peer_amount
FROM frame
INNER JOIN kinds ON frame.business_kind = kinds.business_kind
LEFT JOIN own ON frame.account_id = own.account_id AND frame.period_no = own.period_no
LEFT JOIN peers ON frame.business_kind = peers.business_kind AND frame.period_no = peers.period_no
ORDER BY frame.account_id, frame.period_no
"""

TIMELINE = """
WITH entries AS (
    SELECT contacts.account_id, contacts.touched_on AS happened_on, 'contact' AS entry_kind, contacts.channel,
        contacts.direction, coalesce(contacts.complaint_type, contacts.kind) AS subject, people.person_name,
        contacts.note_text, contacts.promise, contacts.promise_due_on,
        CASE WHEN contacts.promise_done_on < core_week.as_of_on THEN contacts.promise_done_on END AS done_on,
        contacts.is_resolved, coalesce(contacts.touchpoint_id, '') AS source_id
    FROM asof_touchpoints AS contacts
    CROSS JOIN core_week
    INNER JOIN _wanted USING (account_id)
    LEFT JOIN asof_people AS people ON contacts.person_id = people.person_id
    UNION ALL
    SELECT cases.account_id, cases.reported_on, 'case', NULL, 'in', cases.kind, NULL, NULL, NULL, cases.promised_on,
        CASE WHEN cases.done_on < core_week.as_of_on THEN cases.done_on END, NULL, coalesce(cases.service_event_id, '')
    FROM asof_service_events AS cases CROSS JOIN core_week INNER JOIN _wanted USING (account_id)
    UNION ALL
    SELECT events.account_id, events.event_on, 'event', NULL, NULL, events.kind, NULL, events.detail, NULL, NULL, NULL, NULL,
        coalesce(events.event_id, '')
    FROM asof_account_events AS events INNER JOIN _wanted USING (account_id)
    UNION ALL
    SELECT lists.account_id, coalesce(worked.worked_on, lists.week_on), 'worked', NULL, 'out', worked.result, NULL,
        coalesce(worked.customer_quote, worked.result_note), worked.promise, worked.promise_due_on, NULL, NULL, worked.row_key
    FROM asof_outcomes AS worked
    INNER JOIN ledger_assignments AS lists USING (row_key)
    INNER JOIN _wanted ON lists.account_id = _wanted.account_id
    WHERE (worked.worked_on IS NOT NULL OR worked.result IS NOT NULL) AND coalesce(worked.result, '') <> 'not_worked'
),
newest AS (
    SELECT *, row_number() OVER (
        PARTITION BY account_id ORDER BY happened_on DESC, entry_kind, source_id, coalesce(note_text, '')
    ) AS newest_no
    FROM entries
)
SELECT * EXCLUDE (source_id, newest_no) FROM newest WHERE newest_no <= ? ORDER BY account_id, newest_no
"""

PROMISES = """
SELECT contacts.account_id, contacts.touched_on AS promised_on, contacts.promise, contacts.promise_due_on,
    datediff('day', contacts.promise_due_on, core_week.as_of_on) AS overdue_days
FROM asof_touchpoints AS contacts
CROSS JOIN core_week
INNER JOIN _wanted USING (account_id)
WHERE contacts.promise_due_on IS NOT NULL AND NOT coalesce(contacts.promise_done_on < core_week.as_of_on, false)
ORDER BY contacts.account_id, contacts.promise_due_on, contacts.touched_on, coalesce(contacts.promise, '')
"""

WRITTEN_PROMISES = """
SELECT made.account_id, made.promised_on, made.promise, made.promise_due_on,
    datediff('day', made.promise_due_on, core_week.as_of_on) AS overdue_days
FROM out_promises AS made
CROSS JOIN core_week
INNER JOIN _wanted USING (account_id)
ORDER BY made.account_id, made.promise_due_on, made.promised_on, made.row_key
"""
"""Promises that representatives wrote back."""

MISSED_STANDARDS = """
SELECT cases.account_id, cases.reported_on, cases.kind, standards.standard_name, standards.limit_days,
    datediff('day', cases.reported_on, least(coalesce(cases.done_on, core_week.as_of_on), core_week.as_of_on)) AS took_days,
    CASE WHEN cases.done_on < core_week.as_of_on THEN cases.done_on END AS done_on
FROM asof_service_events AS cases
CROSS JOIN core_week
INNER JOIN _wanted USING (account_id)
INNER JOIN asof_service_standards AS standards ON cases.standard_id = standards.standard_id
WHERE datediff('day', cases.reported_on, least(coalesce(cases.done_on, core_week.as_of_on), core_week.as_of_on))
    > standards.limit_days
ORDER BY cases.account_id, cases.reported_on DESC, coalesce(cases.service_event_id, '')
"""

COMPLAINTS = """
SELECT account_id, coalesce(complaint_type, kind) AS complaint_type, count(*) AS n_contacts, max(touched_on) AS newest_on
FROM asof_touchpoints INNER JOIN _wanted USING (account_id)
WHERE complaint_type IS NOT NULL OR kind = 'complaint'
GROUP BY account_id, coalesce(complaint_type, kind)
ORDER BY account_id, n_contacts DESC, complaint_type
"""

PEOPLE = """
WITH met AS (
    SELECT person_id, max(touched_on) AS last_contact_on FROM asof_touchpoints GROUP BY person_id
)
SELECT people.account_id, people.person_name, people.role, people.is_decision_maker, people.contact_level, people.phone,
    people.email, people.temperament, people.occasions, met.last_contact_on
FROM asof_people AS people
CROSS JOIN core_week
INNER JOIN _wanted USING (account_id)
LEFT JOIN met ON people.person_id = met.person_id
WHERE people.valid_to_on IS NULL OR people.valid_to_on >= core_week.as_of_on
ORDER BY people.account_id, CASE WHEN people.is_decision_maker THEN 0 ELSE 1 END,
    CASE people.role WHEN 'owner' THEN 0 WHEN 'decision_maker' THEN 1 WHEN 'manager' THEN 2 ELSE 3 END, people.person_id
"""

MENTIONS = """
SELECT account_id, mention_kind, mention_text, max(touched_on) AS touched_on
FROM score_mentions INNER JOIN _wanted USING (account_id)
WHERE mention_kind IN ('rival', 'preference', 'interest')
GROUP BY account_id, mention_kind, mention_text
ORDER BY account_id, CASE mention_kind WHEN 'rival' THEN 0 ELSE 1 END, touched_on DESC, mention_kind, mention_text
"""

CHANCES = """
SELECT account_id, horizon_days, prob, low, high, model_level, usage_warning
FROM score_return_time INNER JOIN _wanted USING (account_id)
ORDER BY account_id, horizon_days
"""
