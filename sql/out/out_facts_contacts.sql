-- What contacts, notes and contract events say about each listed account: a promise of ours not kept in time (the oldest that is
-- overdue, else the oldest of the last 365 days that was kept late; from contacts and from what representatives wrote back), the
-- newest complaint and the newest change of name, owner or contract (both from 180 days before the last counted spend on), and the
-- rival named last.
WITH listed AS (
    SELECT
        assignments.row_key,
        assignments.account_id,
        core_week.as_of_on,
        date_add(lapses.last_spend_on, -180) AS from_on
    FROM plan_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
    WHERE assignments.assignment <> 'holdout'
),

made AS (
    SELECT
        account_id,
        coalesce(touchpoint_id, '') AS source_id,
        touched_on AS promised_on,
        promise,
        promise_due_on,
        promise_done_on
    FROM asof_touchpoints
    WHERE promise IS NOT NULL
    UNION ALL
    SELECT
        assignments.account_id,
        outcomes.row_key AS source_id,
        coalesce(outcomes.worked_on, assignments.week_on) AS promised_on,
        outcomes.promise,
        outcomes.promise_due_on,
        outcomes.promise_done_on
    FROM asof_outcomes AS outcomes
    INNER JOIN core_past_assignments AS assignments ON outcomes.row_key = assignments.row_key
    WHERE outcomes.promise IS NOT NULL
),

promises AS (
    SELECT
        listed.row_key,
        made.promise,
        made.promise_due_on,
        row_number() OVER (
            PARTITION BY listed.row_key
            ORDER BY
                CASE WHEN coalesce(made.promise_done_on >= listed.as_of_on, true) THEN 0 ELSE 1 END,
                made.promise_due_on,
                made.source_id,
                made.promise
        ) AS promise_rank
    FROM listed
    INNER JOIN made ON listed.account_id = made.account_id
    WHERE
        made.promise_due_on < listed.as_of_on
        AND (
            coalesce(made.promise_done_on >= listed.as_of_on, true)
            OR (made.promise_done_on > made.promise_due_on AND made.promised_on >= date_add(listed.as_of_on, -365))
        )
),

complaints AS (
    SELECT
        listed.row_key,
        touchpoints.complaint_type,
        touchpoints.touched_on AS complaint_on,
        row_number() OVER (
            PARTITION BY listed.row_key
            ORDER BY
                touchpoints.touched_on DESC,
                CASE WHEN touchpoints.complaint_type IS NULL THEN 1 ELSE 0 END,
                coalesce(touchpoints.touchpoint_id, ''),
                touchpoints.complaint_type
        ) AS complaint_rank
    FROM listed
    INNER JOIN asof_touchpoints AS touchpoints ON listed.account_id = touchpoints.account_id
    WHERE
        (touchpoints.kind = 'complaint' OR touchpoints.complaint_type IS NOT NULL)
        AND touchpoints.touched_on >= listed.from_on
),

events AS (
    SELECT
        listed.row_key,
        max(account_events.event_on) AS account_event_on
    FROM listed
    INNER JOIN asof_account_events AS account_events ON listed.account_id = account_events.account_id
    WHERE
        account_events.kind IN ('renamed', 'transferred', 'ownership_change')
        AND account_events.event_on >= listed.from_on
    GROUP BY listed.row_key
),

rivals AS (
    SELECT
        listed.row_key,
        mentions.mention_text AS rival_name,
        row_number() OVER (
            PARTITION BY listed.row_key ORDER BY mentions.touched_on DESC, mentions.text_sha256, mentions.start_char
        ) AS mention_rank
    FROM listed
    INNER JOIN score_mentions AS mentions ON listed.account_id = mentions.account_id
    WHERE mentions.mention_kind = 'rival'
)

SELECT
    listed.row_key,
    promises.promise,
    promises.promise_due_on,
    complaints.complaint_type,
    complaints.complaint_on,
    events.account_event_on,
    rivals.rival_name
FROM listed
LEFT JOIN promises ON listed.row_key = promises.row_key AND promises.promise_rank = 1
LEFT JOIN complaints ON listed.row_key = complaints.row_key AND complaints.complaint_rank = 1
LEFT JOIN events ON listed.row_key = events.row_key
LEFT JOIN rivals ON listed.row_key = rivals.row_key AND rivals.mention_rank = 1
