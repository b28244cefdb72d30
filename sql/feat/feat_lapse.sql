-- What happened before a lapse: contacts, complaints by what they speak for, promises, contract changes. From 180 days before the
-- last counted spend (90 for our own calls) up to the lapse. A silent sufferer met an incident or a missed standard in that time
-- and never complained. Missing where the input was never delivered.
WITH anchors AS (
    SELECT
        account_id,
        as_of_on,
        date_add(last_spend_on, -180) AS from_on,
        date_add(last_spend_on, -90) AS calls_from_on,
        lapsed_on AS until_on
    FROM core_lapses
),

contacts AS (
    SELECT
        anchors.account_id,
        sum(CASE WHEN touchpoints.direction = 'in' THEN 1 ELSE 0 END) AS n_in,
        sum(CASE WHEN touchpoints.direction = 'out' AND touchpoints.touched_on >= anchors.calls_from_on THEN 1 ELSE 0 END)
            AS n_out,
        sum(CASE WHEN coalesce(touchpoints.kind = 'complaint', false) OR touchpoints.complaint_type IS NOT NULL THEN 1 ELSE 0 END)
            AS n_complaints,
        sum(CASE WHEN types.evidence_code = '1b' THEN 1 ELSE 0 END) AS n_price,
        sum(CASE WHEN types.evidence_code IN ('1', '1a') THEN 1 ELSE 0 END) AS n_goods,
        sum(CASE WHEN types.evidence_code = '1f' THEN 1 ELSE 0 END) AS n_metering,
        sum(CASE WHEN types.evidence_code = '4' THEN 1 ELSE 0 END) AS n_service,
        sum(CASE WHEN types.evidence_code = '5' THEN 1 ELSE 0 END) AS n_of_calls,
        sum(
            CASE
                WHEN
                    touchpoints.promise_due_on < anchors.until_on
                    AND coalesce(touchpoints.promise_done_on > touchpoints.promise_due_on, true)
                    THEN 1
                ELSE 0
            END
        ) AS n_broken
    FROM anchors
    INNER JOIN asof_touchpoints AS touchpoints ON anchors.account_id = touchpoints.account_id
    LEFT JOIN core_complaint_types AS types ON lower(touchpoints.complaint_type) = types.complaint_type
    WHERE touchpoints.touched_on >= anchors.from_on AND touchpoints.touched_on < anchors.until_on
    GROUP BY anchors.account_id
),

events AS (
    SELECT
        anchors.account_id,
        sum(CASE WHEN account_events.kind = 'cut' THEN 1 ELSE 0 END) AS n_cut,
        sum(CASE WHEN account_events.kind IN ('renamed', 'ownership_change', 'transferred') THEN 1 ELSE 0 END) AS n_identity,
        sum(CASE WHEN account_events.kind = 'suspended' THEN 1 ELSE 0 END) AS n_suspended
    FROM anchors
    INNER JOIN asof_account_events AS account_events ON anchors.account_id = account_events.account_id
    WHERE account_events.event_on >= anchors.from_on AND account_events.event_on < anchors.until_on
    GROUP BY anchors.account_id
),

delivered_contacts AS (
    SELECT
        count(*) > 0 AS has_contacts,
        count(direction) > 0 AS has_directions,
        count(complaint_type) > 0 AS has_types,
        count(promise_due_on) > 0 AS has_promises
    FROM asof_touchpoints
),

delivered_events AS (
    SELECT count(*) > 0 AS has_events FROM asof_account_events
)

SELECT
    anchors.account_id,
    anchors.as_of_on,
    CASE WHEN has_directions THEN CAST(coalesce(contacts.n_in, 0) AS BIGINT) END AS n_contacts_in_before,
    CASE WHEN has_directions THEN CAST(coalesce(contacts.n_out, 0) AS BIGINT) END AS n_calls_before,
    CASE WHEN has_types THEN CAST(coalesce(contacts.n_price, 0) AS BIGINT) END AS n_price_complaints,
    CASE WHEN has_types THEN CAST(coalesce(contacts.n_goods, 0) AS BIGINT) END AS n_goods_complaints,
    CASE WHEN has_types THEN CAST(coalesce(contacts.n_metering, 0) AS BIGINT) END AS n_metering_complaints,
    CASE WHEN has_types THEN CAST(coalesce(contacts.n_service, 0) AS BIGINT) END AS n_service_complaints,
    CASE WHEN has_types THEN CAST(coalesce(contacts.n_of_calls, 0) AS BIGINT) END AS n_call_complaints,
    CASE WHEN has_promises THEN CAST(coalesce(contacts.n_broken, 0) AS BIGINT) END AS n_promises_broken_before,
    CASE WHEN has_events THEN CAST(coalesce(events.n_cut, 0) AS BIGINT) END AS n_cuts_before,
    CASE WHEN has_events THEN CAST(coalesce(events.n_identity, 0) AS BIGINT) END AS n_identity_changes_before,
    CASE WHEN has_events THEN CAST(coalesce(events.n_suspended, 0) AS BIGINT) END AS n_suspensions_before,
    CASE
        WHEN has_contacts AND coalesce(service.n_standards_missed, service.n_incidents) IS NOT NULL
            THEN
                coalesce(service.n_standards_missed, 0) + coalesce(service.n_incidents, 0) > 0
                AND coalesce(contacts.n_complaints, 0) = 0
    END AS is_silent_sufferer
FROM anchors
CROSS JOIN delivered_contacts
CROSS JOIN delivered_events
LEFT JOIN contacts ON anchors.account_id = contacts.account_id
LEFT JOIN events ON anchors.account_id = events.account_id
LEFT JOIN feat_service AS service ON anchors.account_id = service.account_id
