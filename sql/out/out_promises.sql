-- Promises made to customers in written-back rows and not kept yet. A promise never expires: it stays here, whoever is on this week's
-- lists, until the day it was kept is written back, and goes to the account's present representative. The other written-back cells
-- come along, so that a returned row loses nothing.
SELECT
    outcomes.promise_due_on,
    CASE
        WHEN outcomes.promise_due_on IS NOT NULL
            THEN greatest(datediff('day', outcomes.promise_due_on, core_week.as_of_on), 0)
    END AS overdue_days,
    CASE
        WHEN outcomes.promise_due_on IS NULL OR datediff('day', core_week.as_of_on, outcomes.promise_due_on) >= 7 THEN 'open'
        WHEN outcomes.promise_due_on >= core_week.as_of_on THEN 'due'
        WHEN datediff('day', outcomes.promise_due_on, core_week.as_of_on) < 7 THEN 'late'
        ELSE 'escalated'
    END AS escalation,
    accounts.account_name,
    people.phone,
    outcomes.promise,
    coalesce(outcomes.worked_on, assignments.week_on) AS promised_on,
    outcomes.row_key,
    assignments.account_id,
    coalesce(accounts.rep_id, assignments.rep_id, core_week.default_rep_id) AS rep_id,
    outcomes.promise_done_on,
    outcomes.worked_on,
    outcomes.result,
    outcomes.true_reason_code,
    outcomes.customer_quote,
    outcomes.next_contact_on,
    outcomes.has_asked_no_contact,
    outcomes.spent_minutes,
    outcomes.result_note
FROM asof_outcomes AS outcomes
CROSS JOIN core_week
INNER JOIN core_past_assignments AS assignments ON outcomes.row_key = assignments.row_key
LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
LEFT JOIN (
    SELECT
        account_id,
        min_by(phone, concat(CASE WHEN is_decision_maker THEN '0' ELSE '1' END, person_id)) AS phone
    FROM asof_people
    CROSS JOIN core_week
    WHERE phone IS NOT NULL AND (valid_to_on IS NULL OR valid_to_on >= core_week.as_of_on)
    GROUP BY account_id
) AS people ON assignments.account_id = people.account_id
WHERE
    (outcomes.promise IS NOT NULL OR outcomes.promise_due_on IS NOT NULL)
    AND (outcomes.promise_done_on IS NULL OR outcomes.promise_done_on >= core_week.as_of_on)
