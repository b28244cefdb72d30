-- The case and the incident that a listed account can be told of. The case missed its standard (or, without one, the strictest
-- of its kind) by most days before the lapse, as feat_service counts it. The incident is the newest in the account's region and
-- a category it buys that overlapped the time from 28 days before the last counted spend to the lapse. What is dated on or after
-- the as-of Monday has not happened yet.
WITH listed AS (
    SELECT
        assignments.row_key,
        assignments.account_id,
        core_week.as_of_on,
        accounts.region,
        date_add(lapses.last_spend_on, -180) AS from_on,
        date_add(lapses.last_spend_on, -28) AS near_from_on,
        lapses.lapsed_on AS until_on
    FROM plan_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
    LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
    WHERE assignments.assignment <> 'holdout'
),

kind_standards AS (
    SELECT
        kind,
        standard_name,
        limit_days,
        row_number() OVER (PARTITION BY kind ORDER BY limit_days, standard_id) AS standard_rank
    FROM asof_service_standards
    WHERE kind IS NOT NULL AND limit_days IS NOT NULL
),

cases AS (
    SELECT
        listed.row_key,
        events.service_event_id,
        CASE WHEN standards.limit_days IS NOT NULL THEN standards.standard_name ELSE of_kind.standard_name END AS standard_name,
        coalesce(standards.limit_days, of_kind.limit_days) AS limit_days,
        events.reported_on,
        CASE WHEN events.done_on < listed.as_of_on THEN events.done_on END AS done_on,
        datediff(
            'day', events.reported_on, CASE WHEN events.done_on < listed.until_on THEN events.done_on ELSE listed.until_on END
        ) AS taken_days
    FROM listed
    INNER JOIN asof_service_events AS events ON listed.account_id = events.account_id
    LEFT JOIN asof_service_standards AS standards ON events.standard_id = standards.standard_id
    LEFT JOIN kind_standards AS of_kind ON events.kind = of_kind.kind AND of_kind.standard_rank = 1
    WHERE events.reported_on >= listed.from_on AND events.reported_on < listed.until_on
),

missed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY row_key
            ORDER BY taken_days - limit_days DESC, reported_on DESC, coalesce(service_event_id, ''), standard_name
        ) AS case_rank
    FROM cases
    WHERE taken_days > limit_days
),

incidents_met AS (
    SELECT
        listed.row_key,
        incidents.incident_facts,
        incidents.started_at,
        CASE WHEN CAST(incidents.ended_at AS DATE) < listed.as_of_on THEN incidents.ended_at END AS ended_at,
        CASE WHEN CAST(incidents.notice_sent_at AS DATE) < listed.as_of_on THEN incidents.notice_sent_at END AS notice_sent_at,
        incidents.notice_audience,
        row_number() OVER (PARTITION BY listed.row_key ORDER BY incidents.started_at DESC, incidents.incident_id) AS incident_rank
    FROM listed
    INNER JOIN core_purchase_cycles AS cycles ON listed.account_id = cycles.account_id
    INNER JOIN asof_incidents AS incidents ON cycles.category = coalesce(incidents.affected_category, '*')
    WHERE
        (incidents.affected_region IS NULL OR incidents.affected_region = listed.region)
        AND CAST(incidents.started_at AS DATE) < listed.until_on
        AND (incidents.ended_at IS NULL OR CAST(incidents.ended_at AS DATE) >= listed.near_from_on)
)

SELECT
    listed.row_key,
    missed.standard_name,
    missed.limit_days,
    missed.reported_on,
    missed.done_on,
    incidents_met.incident_facts,
    incidents_met.started_at,
    incidents_met.ended_at,
    incidents_met.notice_sent_at,
    incidents_met.notice_audience
FROM listed
LEFT JOIN missed ON listed.row_key = missed.row_key AND missed.case_rank = 1
LEFT JOIN incidents_met ON listed.row_key = incidents_met.row_key AND incidents_met.incident_rank = 1
