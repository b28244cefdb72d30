-- What is still owed to active and lapsed accounts: open complaints, overdue promises, missed standards. One row per account and
-- kind of issue, told by the one that is overdue longest (without a due day: open longest), with how many there are.
-- A complaint is open until its case is done, or a contact on its matter says that it is settled or keeps its promise; where
-- nothing says either way, nobody knows, and it does not count. Complaints count from 180 days before the last counted spend on.
-- A promise is due on its day, a complaint on the day promised or else its standard's; a promise never expires. A standard is
-- missed by a case that took longer than the limit of its standard, or, without one, than the strictest of its kind: as long as
-- the case is open, and for a horizon after it was done. What is dated on or after the as-of Monday has not happened yet.
WITH current_spells AS (
    SELECT
        account_id,
        'active' AS spell_kind,
        last_spend_on
    FROM core_actives
    UNION ALL
    SELECT
        account_id,
        'lapsed' AS spell_kind,
        last_spend_on
    FROM core_lapses
),

in_view AS (
    SELECT
        current_spells.*,
        core_week.as_of_on,
        date_add(current_spells.last_spend_on, -180) AS from_on,
        date_add(core_week.as_of_on, CAST(-core_week.horizon_days AS INTEGER)) AS recent_from_on
    FROM current_spells
    CROSS JOIN core_week
),

kind_limits AS (
    SELECT
        kind,
        min(limit_days) AS limit_days
    FROM asof_service_standards
    WHERE kind IS NOT NULL
    GROUP BY kind
),

contacts AS (
    SELECT
        touchpoints.account_id,
        touchpoints.touchpoint_id,
        touchpoints.touched_on,
        coalesce(touchpoints.complaint_type, touchpoints.kind, touchpoints.channel) AS issue_subject,
        coalesce(
            touchpoints.matter_id,
            touchpoints.touchpoint_id,
            concat(CAST(touchpoints.touched_on AS VARCHAR), touchpoints.channel)
        ) AS matter,
        touchpoints.promise_due_on,
        coalesce(touchpoints.promise_done_on < in_view.as_of_on, false) AS is_kept,
        coalesce(touchpoints.is_resolved, false) AS is_resolved,
        touchpoints.is_resolved IS NOT NULL OR touchpoints.promise_due_on IS NOT NULL AS has_state,
        (coalesce(touchpoints.kind = 'complaint', false) OR touchpoints.complaint_type IS NOT NULL)
        AND touchpoints.touched_on >= in_view.from_on AS is_complaint
    FROM asof_touchpoints AS touchpoints
    INNER JOIN in_view ON touchpoints.account_id = in_view.account_id
),

matters AS (
    SELECT
        account_id,
        matter,
        min(CASE WHEN is_complaint THEN touched_on END) AS since_on,
        min(CASE WHEN is_complaint THEN issue_subject END) AS issue_subject,
        min(CASE WHEN is_complaint THEN touchpoint_id END) AS source_id,
        min(promise_due_on) AS promise_due_on
    FROM contacts
    GROUP BY account_id, matter
    HAVING
        max(CASE WHEN is_complaint THEN 1 ELSE 0 END) = 1
        AND max(CASE WHEN has_state THEN 1 ELSE 0 END) = 1
        AND max(CASE WHEN is_resolved OR is_kept THEN 1 ELSE 0 END) = 0
),

cases AS (
    SELECT
        events.account_id,
        events.service_event_id AS source_id,
        events.kind AS issue_subject,
        events.reported_on AS since_on,
        events.promised_on,
        date_add(events.reported_on, CAST(floor(coalesce(standards.limit_days, kind_limits.limit_days)) AS INTEGER)) AS limit_on,
        coalesce(events.done_on < in_view.as_of_on, false) AS is_done,
        CASE WHEN events.done_on < in_view.as_of_on THEN events.done_on ELSE in_view.as_of_on END AS judged_on,
        events.reported_on >= in_view.from_on AS is_in_view,
        in_view.recent_from_on
    FROM asof_service_events AS events
    INNER JOIN in_view ON events.account_id = in_view.account_id
    LEFT JOIN asof_service_standards AS standards ON events.standard_id = standards.standard_id
    LEFT JOIN kind_limits ON events.kind = kind_limits.kind
),

issues AS (
    SELECT
        matters.account_id,
        'open_complaint' AS issue_kind,
        matters.issue_subject,
        matters.source_id,
        matters.since_on,
        coalesce(
            matters.promise_due_on, date_add(matters.since_on, CAST(floor(kind_limits.limit_days) AS INTEGER))
        ) AS due_by_on,
        CAST(NULL AS DATE) AS done_on
    FROM matters
    LEFT JOIN kind_limits ON kind_limits.kind = 'complaint'
    UNION ALL
    SELECT
        account_id,
        'open_complaint' AS issue_kind,
        issue_subject,
        source_id,
        since_on,
        coalesce(promised_on, limit_on) AS due_by_on,
        CAST(NULL AS DATE) AS done_on
    FROM cases
    WHERE issue_subject IN ('complaint', 'claim') AND NOT is_done AND is_in_view
    UNION ALL
    SELECT
        contacts.account_id,
        'overdue_promise' AS issue_kind,
        contacts.issue_subject,
        contacts.touchpoint_id AS source_id,
        contacts.touched_on AS since_on,
        contacts.promise_due_on AS due_by_on,
        CAST(NULL AS DATE) AS done_on
    FROM contacts
    CROSS JOIN core_week
    WHERE contacts.promise_due_on < core_week.as_of_on AND NOT contacts.is_kept
    UNION ALL
    SELECT
        account_id,
        'overdue_promise' AS issue_kind,
        issue_subject,
        source_id,
        since_on,
        promised_on AS due_by_on,
        CAST(NULL AS DATE) AS done_on
    FROM cases
    WHERE promised_on < judged_on AND NOT is_done
    UNION ALL
    SELECT
        account_id,
        'missed_standard' AS issue_kind,
        issue_subject,
        source_id,
        since_on,
        limit_on AS due_by_on,
        CASE WHEN is_done THEN judged_on END AS done_on
    FROM cases
    WHERE limit_on < judged_on AND (NOT is_done OR judged_on >= recent_from_on)
),

dated AS (
    SELECT
        issues.*,
        in_view.spell_kind,
        in_view.as_of_on,
        CASE
            WHEN issues.due_by_on IS NOT NULL
                THEN greatest(datediff('day', issues.due_by_on, coalesce(issues.done_on, in_view.as_of_on)), 0)
        END AS overdue_days
    FROM issues
    INNER JOIN in_view ON issues.account_id = in_view.account_id
),

ranked AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY account_id, issue_kind) AS n_issues,
        sum(CASE WHEN done_on IS NULL THEN 1 ELSE 0 END) OVER (PARTITION BY account_id, issue_kind) AS n_open_issues,
        row_number() OVER (
            PARTITION BY account_id, issue_kind
            ORDER BY
                CASE WHEN done_on IS NULL THEN 0 ELSE 1 END,
                coalesce(overdue_days, -1) DESC,
                since_on,
                issue_subject,
                coalesce(source_id, '')
        ) AS issue_rank
    FROM dated
)

SELECT
    account_id,
    as_of_on,
    issue_kind,
    spell_kind,
    issue_subject,
    source_id,
    since_on,
    due_by_on,
    done_on,
    overdue_days,
    CAST(n_issues AS BIGINT) AS n_issues,
    CAST(n_open_issues AS BIGINT) AS n_open_issues
FROM ranked
WHERE issue_rank = 1
