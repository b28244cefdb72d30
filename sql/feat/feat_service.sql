-- What service the account got before its lapse: cases, standards missed, incidents met, claims, complaints left open.
-- Before the lapse: from 180 days (incidents: 28 days) before the last counted spend up to the lapse day, or up to the as-of
-- Monday where the account is not lapsed. A case is judged by what was known when that time ended: not done by then is open.
-- It misses its standard if it took (or has been open) longer than the limit of its standard, or, without one, than the
-- strictest standard of its kind. Claims count from the start. Missing where the input was never delivered.
WITH anchors AS (
    SELECT
        accounts.account_id,
        coalesce(located.region, '') AS region,
        date_add(accounts.last_spend_on, -180) AS from_on,
        date_add(accounts.last_spend_on, -28) AS near_from_on,
        coalesce(lapses.lapsed_on, core_week.as_of_on) AS until_on
    FROM core_accounts_week AS accounts
    CROSS JOIN core_week
    LEFT JOIN core_lapses AS lapses ON accounts.account_id = lapses.account_id
    LEFT JOIN asof_accounts AS located ON accounts.account_id = located.account_id
),

kind_limits AS (
    SELECT
        kind,
        min(limit_days) AS limit_days
    FROM asof_service_standards
    WHERE kind IS NOT NULL
    GROUP BY kind
),

cases AS (
    SELECT
        events.account_id,
        events.kind,
        events.amount,
        events.promised_on,
        coalesce(standards.limit_days, kind_limits.limit_days) AS limit_days,
        coalesce(events.reported_on >= anchors.from_on AND events.reported_on < anchors.until_on, false) AS is_before_lapse,
        coalesce(events.done_on < anchors.until_on, false) AS is_done,
        CASE WHEN events.done_on < anchors.until_on THEN events.done_on ELSE anchors.until_on END AS judged_on,
        events.reported_on
    FROM asof_service_events AS events
    LEFT JOIN anchors ON events.account_id = anchors.account_id
    LEFT JOIN asof_service_standards AS standards ON events.standard_id = standards.standard_id
    LEFT JOIN kind_limits ON events.kind = kind_limits.kind
),

counted AS (
    SELECT
        account_id,
        sum(CASE WHEN is_before_lapse THEN 1 ELSE 0 END) AS n_cases,
        sum(CASE WHEN is_before_lapse AND limit_days IS NOT NULL THEN 1 ELSE 0 END) AS n_judged,
        sum(CASE WHEN is_before_lapse AND datediff('day', reported_on, judged_on) > limit_days THEN 1 ELSE 0 END) AS n_missed,
        max(
            CASE
                WHEN is_before_lapse AND limit_days IS NOT NULL
                    THEN greatest(datediff('day', reported_on, judged_on) - limit_days, 0)
            END
        ) AS overrun_days,
        sum(CASE WHEN is_before_lapse AND judged_on > promised_on THEN 1 ELSE 0 END) AS n_late,
        sum(CASE WHEN is_before_lapse AND NOT is_done AND kind IN ('complaint', 'claim') THEN 1 ELSE 0 END) AS n_open,
        sum(CASE WHEN kind = 'claim' THEN 1 ELSE 0 END) AS n_claims,
        CAST(coalesce(sum(CASE WHEN kind = 'claim' THEN amount END), 0) AS DECIMAL(18, 4)) AS claim_amount
    FROM cases
    GROUP BY account_id
),

-- Complaints made in contacts: one matter, or one contact where it names no matter, is settled once a contact on it says so
-- or its promise is kept. Where nothing says either way, nobody knows, and it does not count.
complaint_rows AS (
    SELECT
        touchpoints.account_id,
        coalesce(
            touchpoints.matter_id,
            touchpoints.touchpoint_id,
            concat(CAST(touchpoints.touched_on AS VARCHAR), touchpoints.channel)
        ) AS matter,
        coalesce(touchpoints.kind = 'complaint', false) OR touchpoints.complaint_type IS NOT NULL AS is_complaint,
        coalesce(touchpoints.is_resolved, false) OR coalesce(touchpoints.promise_done_on < anchors.until_on, false) AS is_settled,
        touchpoints.is_resolved IS NOT NULL OR touchpoints.promise_due_on IS NOT NULL AS has_state,
        coalesce(touchpoints.touched_on >= anchors.from_on AND touchpoints.touched_on < anchors.until_on, false)
            AS is_before_lapse
    FROM asof_touchpoints AS touchpoints
    LEFT JOIN anchors ON touchpoints.account_id = anchors.account_id
),

complaint_matters AS (
    SELECT
        account_id,
        matter,
        max(CASE WHEN has_state THEN 1 ELSE 0 END) AS has_state,
        max(CASE WHEN is_before_lapse AND is_complaint THEN 1 ELSE 0 END) AS is_complaint,
        max(CASE WHEN is_before_lapse AND is_settled THEN 1 ELSE 0 END) AS is_settled
    FROM complaint_rows
    GROUP BY account_id, matter
),

complaints AS (
    SELECT
        account_id,
        sum(has_state) AS n_with_state,
        sum(CASE WHEN is_complaint = 1 AND has_state = 1 AND is_settled = 0 THEN 1 ELSE 0 END) AS n_open
    FROM complaint_matters
    GROUP BY account_id
),

regions AS (
    SELECT DISTINCT region FROM anchors
),

scopes AS (
    SELECT
        regions.region,
        coalesce(incidents.affected_category, '*') AS category,
        CAST(incidents.started_at AS DATE) AS started_on,
        CASE WHEN CAST(incidents.ended_at AS DATE) < core_week.as_of_on THEN CAST(incidents.ended_at AS DATE) END AS ended_on,
        coalesce(incidents.notice_sent_at <= incidents.started_at, false) AS has_notice
    FROM asof_incidents AS incidents
    CROSS JOIN core_week
    INNER JOIN regions ON incidents.affected_region IS NULL OR incidents.affected_region = regions.region
),

-- Many accounts share region, category and time, so incidents are counted once for each of these and not for each account.
exposed AS (
    SELECT
        anchors.account_id,
        anchors.region,
        cycles.category,
        anchors.near_from_on,
        anchors.until_on
    FROM anchors
    INNER JOIN core_purchase_cycles AS cycles ON anchors.account_id = cycles.account_id
    WHERE cycles.category IN (SELECT category FROM scopes)
),

times AS (
    SELECT DISTINCT
        region,
        category,
        near_from_on,
        until_on
    FROM exposed
),

met AS (
    SELECT
        times.region,
        times.category,
        times.near_from_on,
        times.until_on,
        count(*) AS n_incidents,
        sum(CASE WHEN scopes.has_notice THEN 0 ELSE 1 END) AS n_unannounced
    FROM times
    INNER JOIN scopes
        ON
            times.region = scopes.region
            AND times.category = scopes.category
            AND scopes.started_on < times.until_on
            AND (scopes.ended_on IS NULL OR scopes.ended_on >= times.near_from_on)
    GROUP BY times.region, times.category, times.near_from_on, times.until_on
),

overlapped AS (
    SELECT
        exposed.account_id,
        sum(met.n_incidents) AS n_incidents,
        sum(met.n_unannounced) AS n_unannounced
    FROM exposed
    INNER JOIN met
        ON
            exposed.region = met.region
            AND exposed.category = met.category
            AND exposed.near_from_on = met.near_from_on
            AND exposed.until_on = met.until_on
    GROUP BY exposed.account_id
),

delivered_cases AS (
    SELECT count(*) > 0 AS has_cases FROM counted
),

delivered_standards AS (
    SELECT count(*) > 0 AS has_standards FROM asof_service_standards
),

delivered_complaints AS (
    SELECT coalesce(sum(n_with_state), 0) > 0 AS has_complaints FROM complaints
),

delivered_incidents AS (
    SELECT count(*) > 0 AS has_incidents FROM asof_incidents
)

SELECT
    anchors.account_id,
    core_week.as_of_on,
    CASE WHEN delivered_cases.has_cases THEN CAST(coalesce(counted.n_cases, 0) AS BIGINT) END AS n_service_cases,
    CASE
        WHEN delivered_cases.has_cases AND delivered_standards.has_standards THEN CAST(coalesce(counted.n_missed, 0) AS BIGINT)
    END AS n_standards_missed,
    CASE WHEN counted.n_judged > 0 THEN CAST(counted.n_missed AS DOUBLE) / CAST(counted.n_judged AS DOUBLE) END
        AS standards_missed_share,
    counted.overrun_days AS standard_overrun_days,
    CASE WHEN delivered_cases.has_cases THEN CAST(coalesce(counted.n_late, 0) AS BIGINT) END AS n_service_late,
    CASE WHEN delivered_cases.has_cases THEN CAST(coalesce(counted.n_claims, 0) AS BIGINT) END AS n_claims,
    CASE WHEN delivered_cases.has_cases THEN CAST(coalesce(counted.claim_amount, 0) AS DECIMAL(18, 4)) END AS claim_amount,
    CASE WHEN delivered_cases.has_cases THEN CAST(coalesce(counted.n_open, 0) AS BIGINT) END AS n_open_complaint_cases,
    CASE WHEN delivered_complaints.has_complaints THEN CAST(coalesce(complaints.n_open, 0) AS BIGINT) END
        AS n_open_complaint_contacts,
    CASE WHEN delivered_incidents.has_incidents THEN CAST(coalesce(overlapped.n_incidents, 0) AS BIGINT) END AS n_incidents,
    CASE WHEN delivered_incidents.has_incidents THEN CAST(coalesce(overlapped.n_unannounced, 0) AS BIGINT) END
        AS n_incidents_unannounced
FROM anchors
CROSS JOIN core_week
CROSS JOIN delivered_cases
CROSS JOIN delivered_standards
CROSS JOIN delivered_complaints
CROSS JOIN delivered_incidents
LEFT JOIN counted ON anchors.account_id = counted.account_id
LEFT JOIN complaints ON anchors.account_id = complaints.account_id
LEFT JOIN overlapped ON anchors.account_id = overlapped.account_id
