-- How the account pays, and what changed in its contract.
-- Payments are lines with a due day in the 365 days before the as-of Monday, refunds left out; one paid on or after that Monday
-- is not paid yet, and lateness of an open one runs up to that Monday. A reminder is answered by any contact from the account,
-- or any counted spend, on its day or later. Missing where no line has a due day, or no event or contact was ever delivered.
WITH payments AS (
    SELECT
        spend.account_id,
        CASE WHEN datediff('day', spend.due_on, core_week.as_of_on) <= 365 THEN 1 ELSE 0 END AS is_recent,
        coalesce(spend.paid_on >= core_week.as_of_on, true) AS is_open,
        datediff('day', spend.due_on, core_week.as_of_on) AS due_ago_days,
        CASE
            WHEN spend.paid_on < core_week.as_of_on THEN datediff('day', spend.due_on, spend.paid_on)
            ELSE datediff('day', spend.due_on, core_week.as_of_on)
        END AS late_days
    FROM asof_spend AS spend
    CROSS JOIN core_week
    WHERE spend.due_on < core_week.as_of_on AND spend.kind <> 'refund'
),

paid AS (
    SELECT
        account_id,
        sum(is_recent) AS n_payments,
        sum(CASE WHEN is_recent = 1 AND late_days > 0 THEN 1 ELSE 0 END) AS n_late,
        sum(CASE WHEN is_recent = 1 AND late_days > 0 THEN late_days ELSE 0 END) AS sum_late_days,
        sum(CASE WHEN is_open THEN 1 ELSE 0 END) AS n_open,
        max(CASE WHEN is_open THEN due_ago_days END) AS open_days
    FROM payments
    GROUP BY account_id
),

events AS (
    SELECT
        account_events.account_id,
        account_events.kind,
        account_events.event_on,
        datediff('day', account_events.event_on, core_week.as_of_on) <= 180 AS is_recent
    FROM asof_account_events AS account_events
    CROSS JOIN core_week
),

changed AS (
    SELECT
        account_id,
        sum(CASE WHEN is_recent AND kind = 'suspended' THEN 1 ELSE 0 END) AS n_suspended,
        sum(CASE WHEN is_recent AND kind = 'resumed' THEN 1 ELSE 0 END) AS n_resumed,
        sum(CASE WHEN is_recent AND kind = 'cut' THEN 1 ELSE 0 END) AS n_cut,
        sum(CASE WHEN is_recent AND kind = 'transferred' THEN 1 ELSE 0 END) AS n_transferred,
        sum(CASE WHEN is_recent AND kind = 'renamed' THEN 1 ELSE 0 END) AS n_renamed,
        sum(CASE WHEN is_recent AND kind = 'ownership_change' THEN 1 ELSE 0 END) AS n_ownership,
        sum(CASE WHEN is_recent AND kind = 'credit_grade' THEN 1 ELSE 0 END) AS n_credit,
        max(CASE WHEN kind = 'suspended' THEN event_on END) AS suspended_on,
        max(CASE WHEN kind = 'resumed' THEN event_on END) AS resumed_on
    FROM events
    GROUP BY account_id
),

reminded AS (
    SELECT
        account_id,
        sum(CASE WHEN kind = 'renewal_reminder' THEN 1 ELSE 0 END) AS n_reminders,
        max(CASE WHEN kind = 'renewal_reminder' AND coalesce(direction, 'out') = 'out' THEN touched_on END) AS reminded_on,
        max(CASE WHEN direction = 'in' THEN touched_on END) AS heard_on
    FROM asof_touchpoints
    GROUP BY account_id
),

delivered_dues AS (
    SELECT count(*) > 0 AS has_dues FROM paid
),

delivered_events AS (
    SELECT count(*) > 0 AS has_events FROM changed
),

delivered_reminders AS (
    SELECT coalesce(sum(n_reminders), 0) > 0 AS has_reminders FROM reminded
)

SELECT
    accounts.account_id,
    core_week.as_of_on,
    CASE WHEN delivered_dues.has_dues THEN CAST(coalesce(paid.n_payments, 0) AS BIGINT) END AS n_payments_due,
    CASE WHEN delivered_dues.has_dues THEN CAST(coalesce(paid.n_late, 0) AS BIGINT) END AS n_late_payments,
    CASE WHEN paid.n_payments > 0 THEN CAST(paid.n_late AS DOUBLE) / CAST(paid.n_payments AS DOUBLE) END AS late_payment_share,
    CASE WHEN paid.n_late > 0 THEN CAST(paid.sum_late_days AS DOUBLE) / CAST(paid.n_late AS DOUBLE) END AS mean_late_days,
    CASE WHEN delivered_dues.has_dues THEN CAST(coalesce(paid.n_open, 0) AS BIGINT) END AS n_open_dues,
    paid.open_days AS open_due_days,
    datediff('day', core_week.as_of_on, accounts.paid_through_on) AS paid_through_days,
    CASE
        WHEN delivered_reminders.has_reminders
            THEN coalesce(
                reminded.reminded_on > accounts.last_spend_on
                AND (reminded.heard_on IS NULL OR reminded.heard_on < reminded.reminded_on),
                false
            )
    END AS has_unanswered_reminder,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_suspended, 0) AS BIGINT) END AS n_suspended_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_resumed, 0) AS BIGINT) END AS n_resumed_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_cut, 0) AS BIGINT) END AS n_cut_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_transferred, 0) AS BIGINT) END AS n_transferred_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_renamed, 0) AS BIGINT) END AS n_renamed_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_ownership, 0) AS BIGINT) END
        AS n_ownership_changes_180,
    CASE WHEN delivered_events.has_events THEN CAST(coalesce(changed.n_credit, 0) AS BIGINT) END
        AS n_credit_grade_changes_180,
    CASE
        WHEN delivered_events.has_events
            THEN coalesce(
                changed.suspended_on IS NOT NULL
                AND (changed.resumed_on IS NULL OR changed.resumed_on < changed.suspended_on),
                false
            )
    END AS is_suspended
FROM core_accounts_week AS accounts
CROSS JOIN core_week
CROSS JOIN delivered_dues
CROSS JOIN delivered_events
CROSS JOIN delivered_reminders
LEFT JOIN paid ON accounts.account_id = paid.account_id
LEFT JOIN changed ON accounts.account_id = changed.account_id
LEFT JOIN reminded ON accounts.account_id = reminded.account_id
