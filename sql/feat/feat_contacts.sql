-- Contacts with the account over all channels: how many, how long ago, on what, with whom.
-- Counts of days end before the as-of Monday. Repeated contacts and people who left are looked for before the lapse: from 30
-- and 180 days before the last counted spend up to the lapse day, or up to the as-of Monday where the account is not lapsed.
-- A promise kept on or after the as-of Monday is not kept yet. Missing where no contact (or no person) was ever delivered,
-- or none of them says what is needed: the direction, the promise, the matter, the person.
WITH anchors AS (
    SELECT
        accounts.account_id,
        date_add(accounts.last_spend_on, -30) AS matter_from_on,
        date_add(accounts.last_spend_on, -180) AS from_on,
        coalesce(lapses.lapsed_on, core_week.as_of_on) AS until_on
    FROM core_accounts_week AS accounts
    CROSS JOIN core_week
    LEFT JOIN core_lapses AS lapses ON accounts.account_id = lapses.account_id
),

persons AS (
    SELECT
        account_id,
        person_id,
        coalesce(is_decision_maker, role IN ('owner', 'decision_maker'), false) AS does_decide,
        valid_to_on
    FROM asof_people
),

contacts AS (
    SELECT
        touchpoints.account_id,
        touchpoints.channel,
        touchpoints.direction,
        touchpoints.person_id,
        touchpoints.complaint_type,
        touchpoints.matter_id,
        touchpoints.promise_due_on,
        CASE WHEN touchpoints.promise_done_on < core_week.as_of_on THEN touchpoints.promise_done_on END AS promise_done_on,
        core_week.as_of_on,
        datediff('day', touchpoints.touched_on, core_week.as_of_on) AS ago_days,
        touchpoints.kind IS NOT NULL OR touchpoints.complaint_type IS NOT NULL AS has_subject,
        coalesce(touchpoints.kind = 'complaint', false) OR touchpoints.complaint_type IS NOT NULL AS is_complaint,
        coalesce(persons.does_decide, false) AS does_decide,
        coalesce(touchpoints.direction, 'in') = 'in'
        AND touchpoints.touched_on >= anchors.matter_from_on AND touchpoints.touched_on < anchors.until_on AS is_before_lapse
    FROM asof_touchpoints AS touchpoints
    CROSS JOIN core_week
    LEFT JOIN persons ON touchpoints.person_id = persons.person_id AND touchpoints.account_id = persons.account_id
    LEFT JOIN anchors ON touchpoints.account_id = anchors.account_id
),

counted AS (
    SELECT
        account_id,
        sum(CASE WHEN direction IS NOT NULL THEN 1 ELSE 0 END) AS n_directed,
        sum(CASE WHEN has_subject THEN 1 ELSE 0 END) AS n_with_subject,
        sum(CASE WHEN promise_due_on IS NOT NULL THEN 1 ELSE 0 END) AS n_with_promise,
        sum(CASE WHEN matter_id IS NOT NULL OR complaint_type IS NOT NULL THEN 1 ELSE 0 END) AS n_with_matter,
        sum(CASE WHEN person_id IS NOT NULL THEN 1 ELSE 0 END) AS n_with_person,
        sum(CASE WHEN direction = 'in' AND ago_days <= 28 THEN 1 ELSE 0 END) AS n_in_28,
        sum(CASE WHEN direction = 'in' AND ago_days <= 90 THEN 1 ELSE 0 END) AS n_in_90,
        sum(CASE WHEN direction = 'in' AND ago_days <= 365 THEN 1 ELSE 0 END) AS n_in_365,
        sum(CASE WHEN direction = 'out' AND ago_days <= 28 THEN 1 ELSE 0 END) AS n_out_28,
        sum(CASE WHEN direction = 'out' AND ago_days <= 90 THEN 1 ELSE 0 END) AS n_out_90,
        sum(CASE WHEN direction = 'out' AND ago_days <= 365 THEN 1 ELSE 0 END) AS n_out_365,
        min(ago_days) AS last_contact_days,
        min(CASE WHEN direction = 'in' THEN ago_days END) AS last_contact_in_days,
        sum(CASE WHEN ago_days <= 365 THEN 1 ELSE 0 END) AS n_year,
        sum(CASE WHEN ago_days <= 365 AND channel = 'phone' THEN 1 ELSE 0 END) AS n_phone,
        sum(CASE WHEN ago_days <= 365 AND channel IN ('visit', 'meeting') THEN 1 ELSE 0 END) AS n_visit,
        sum(CASE WHEN ago_days <= 365 AND channel = 'mail' THEN 1 ELSE 0 END) AS n_mail,
        sum(CASE WHEN ago_days <= 365 AND channel IN ('chat', 'sms') THEN 1 ELSE 0 END) AS n_message,
        sum(CASE WHEN ago_days <= 365 AND is_complaint THEN 1 ELSE 0 END) AS n_complaints,
        sum(CASE WHEN promise_due_on < as_of_on AND promise_done_on IS NULL THEN 1 ELSE 0 END) AS n_overdue,
        max(CASE WHEN promise_done_on IS NULL THEN datediff('day', promise_due_on, as_of_on) END) AS overdue_days,
        sum(
            CASE
                WHEN promise_due_on < as_of_on AND ago_days <= 365 AND coalesce(promise_done_on > promise_due_on, true) THEN 1
                ELSE 0
            END
        ) AS n_broken,
        max(CASE WHEN does_decide THEN 1 ELSE 0 END) AS has_met
    FROM contacts
    GROUP BY account_id
),

matters AS (
    SELECT
        account_id,
        concat('matter ', matter_id) AS matter,
        channel
    FROM contacts
    WHERE is_before_lapse AND matter_id IS NOT NULL
    UNION ALL
    SELECT
        account_id,
        concat('type ', complaint_type) AS matter,
        channel
    FROM contacts
    WHERE is_before_lapse AND complaint_type IS NOT NULL
),

matter_sizes AS (
    SELECT
        account_id,
        matter,
        count(*) AS n_contacts,
        count(DISTINCT channel) AS n_channels
    FROM matters
    GROUP BY account_id, matter
),

repeated AS (
    SELECT
        account_id,
        max(n_contacts) AS n_most_contacts,
        max(CASE WHEN n_channels >= 2 OR n_contacts >= 3 THEN 1 ELSE 0 END) AS is_repeated
    FROM matter_sizes
    GROUP BY account_id
),

known AS (
    SELECT
        persons.account_id,
        max(CASE WHEN persons.does_decide THEN 1 ELSE 0 END) AS has_decider,
        sum(
            CASE WHEN persons.valid_to_on >= anchors.from_on AND persons.valid_to_on < anchors.until_on THEN 1 ELSE 0 END
        ) AS n_left
    FROM persons
    LEFT JOIN anchors ON persons.account_id = anchors.account_id
    GROUP BY persons.account_id
),

delivered AS (
    SELECT
        count(*) > 0 AS has_contacts,
        coalesce(sum(n_directed), 0) > 0 AS has_directions,
        coalesce(sum(n_with_subject), 0) > 0 AS has_subjects,
        coalesce(sum(n_with_promise), 0) > 0 AS has_promises,
        coalesce(sum(n_with_matter), 0) > 0 AS has_matters,
        coalesce(sum(n_with_person), 0) > 0 AS has_persons
    FROM counted
),

delivered_people AS (
    SELECT count(*) > 0 AS has_people FROM known
)

SELECT
    accounts.account_id,
    core_week.as_of_on,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_in_28, 0) AS BIGINT) END AS n_contacts_in_28,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_in_90, 0) AS BIGINT) END AS n_contacts_in_90,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_in_365, 0) AS BIGINT) END AS n_contacts_in_365,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_out_28, 0) AS BIGINT) END AS n_contacts_out_28,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_out_90, 0) AS BIGINT) END AS n_contacts_out_90,
    CASE WHEN delivered.has_directions THEN CAST(coalesce(counted.n_out_365, 0) AS BIGINT) END AS n_contacts_out_365,
    counted.last_contact_days,
    counted.last_contact_in_days,
    CASE WHEN counted.n_year > 0 THEN CAST(counted.n_phone AS DOUBLE) / CAST(counted.n_year AS DOUBLE) END
        AS phone_contact_share,
    CASE WHEN counted.n_year > 0 THEN CAST(counted.n_visit AS DOUBLE) / CAST(counted.n_year AS DOUBLE) END
        AS visit_contact_share,
    CASE WHEN counted.n_year > 0 THEN CAST(counted.n_mail AS DOUBLE) / CAST(counted.n_year AS DOUBLE) END
        AS mail_contact_share,
    CASE WHEN counted.n_year > 0 THEN CAST(counted.n_message AS DOUBLE) / CAST(counted.n_year AS DOUBLE) END
        AS message_contact_share,
    CASE WHEN delivered.has_subjects THEN CAST(coalesce(counted.n_complaints, 0) AS BIGINT) END AS n_complaint_contacts,
    CASE WHEN delivered.has_promises THEN coalesce(counted.n_overdue, 0) > 0 END AS has_open_promise,
    CASE WHEN counted.n_overdue > 0 THEN counted.overdue_days END AS promise_overdue_days,
    CASE WHEN delivered.has_promises THEN CAST(coalesce(counted.n_broken, 0) AS BIGINT) END AS n_promises_broken,
    CASE WHEN delivered.has_matters THEN coalesce(repeated.n_most_contacts, 0) END AS n_matter_contacts,
    CASE WHEN delivered.has_matters THEN coalesce(repeated.is_repeated, 0) = 1 END AS has_repeated_matter,
    CASE WHEN delivered_people.has_people THEN coalesce(known.has_decider, 0) = 1 END AS has_decision_maker,
    CASE
        WHEN delivered.has_persons AND delivered_people.has_people AND known.has_decider IS NOT NULL
            THEN coalesce(counted.has_met, 0) = 1
    END AS has_met_decision_maker,
    CASE WHEN delivered_people.has_people THEN CAST(coalesce(known.n_left, 0) AS BIGINT) END AS n_people_left
FROM core_accounts_week AS accounts
CROSS JOIN core_week
CROSS JOIN delivered
CROSS JOIN delivered_people
LEFT JOIN counted ON accounts.account_id = counted.account_id
LEFT JOIN repeated ON accounts.account_id = repeated.account_id
LEFT JOIN known ON accounts.account_id = known.account_id
