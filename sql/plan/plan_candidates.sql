-- Every lapsed account with what decides whether it can be on a list. A wish found in a note counts: better one too many. A wish to be
-- left alone counts from the moment it is known, whatever day it is dated: it is read from the newest version received, not from the
-- version valid as of the week. Contacts are those delivered, and worked rows of which no delivered contact of that day tells. A row
-- that its representative marked as not worked is carried to the next week, twice at most; then it waits like any other. Where the own
-- representative is missing or away, another of the branch may serve (`plan_reps`). An account of the holdout is left alone until the
-- horizon has passed. A next contact that the newest worked row agrees on is kept: not before its week, and in that week and the one
-- after in spite of the cooldown, unless somebody has called since.
WITH newest AS (
    SELECT
        account_id,
        is_do_not_contact,
        has_consent,
        row_number() OVER (PARTITION BY account_id ORDER BY _batch DESC, valid_from_on DESC, _file_id DESC, _line DESC)
            AS version_rank
    FROM core_accounts
    WHERE _batch <= (SELECT batch_cutoff FROM core_week)
),

known_assignments AS (
    SELECT
        row_key,
        account_id
    FROM ledger_assignments
    UNION
    SELECT
        row_key,
        account_id
    FROM asof_assignments
),

wishes AS (
    SELECT
        known_assignments.account_id,
        max(CASE WHEN outcomes.has_asked_no_contact OR outcomes.result = 'do_not_contact' THEN 1 ELSE 0 END)
            AS has_asked_no_contact,
        max(CASE WHEN outcomes.result = 'closed_business' THEN 1 ELSE 0 END) AS has_closed
    FROM core_outcomes AS outcomes
    INNER JOIN known_assignments ON outcomes.row_key = known_assignments.row_key
    WHERE outcomes._batch <= (SELECT batch_cutoff FROM core_week)
    GROUP BY known_assignments.account_id
),

calls AS (
    SELECT
        account_id,
        touched_on
    FROM asof_touchpoints
    WHERE direction = 'out'
    UNION ALL
    SELECT
        touches.account_id,
        touches.touched_on
    FROM core_touches AS touches
    LEFT JOIN asof_touchpoints AS logged
        ON touches.account_id = logged.account_id AND touches.touched_on = logged.touched_on AND logged.direction = 'out'
    WHERE logged.account_id IS NULL
),

contacts AS (
    SELECT
        calls.account_id,
        max(calls.touched_on) AS last_contact_on,
        sum(CASE WHEN datediff('day', calls.touched_on, core_week.as_of_on) <= core_week.contact_cap_days THEN 1 ELSE 0 END)
            AS n_recent
    FROM calls
    CROSS JOIN core_week
    GROUP BY calls.account_id
),

asked AS (
    SELECT DISTINCT account_id FROM score_mentions WHERE mention_kind = 'do_not_contact'
),

past_rows AS (
    SELECT
        account_id,
        week_on,
        assignment,
        coalesce(result, '') = 'not_worked' AS is_put_off,
        sum(CASE WHEN result = 'not_worked' THEN 1 ELSE 0 END)
            OVER (PARTITION BY account_id, last_spend_on ORDER BY week_on, row_key) AS n_put_off
    FROM core_treatments
),

listed AS (
    SELECT
        account_id,
        max(CASE WHEN assignment <> 'holdout' AND (NOT is_put_off OR n_put_off > 2) THEN week_on END) AS last_listed_on,
        max(CASE WHEN assignment = 'holdout' THEN week_on END) AS last_held_on
    FROM past_rows
    GROUP BY account_id
),

worked_rows AS (
    SELECT
        assignments.account_id,
        outcomes.next_contact_on,
        row_number() OVER (PARTITION BY assignments.account_id ORDER BY assignments.week_on DESC, assignments.row_key) AS row_rank
    FROM core_past_assignments AS assignments
    INNER JOIN asof_outcomes AS outcomes ON assignments.row_key = outcomes.row_key
    WHERE outcomes.result <> 'not_worked'
),

agreed AS (
    SELECT
        worked_rows.account_id,
        worked_rows.next_contact_on >= date_add(core_week.as_of_on, 7) AS is_later,
        worked_rows.next_contact_on >= date_add(core_week.as_of_on, -7)
        AND worked_rows.next_contact_on < date_add(core_week.as_of_on, 7)
        AND coalesce(contacts.last_contact_on < worked_rows.next_contact_on, true) AS is_now
    FROM worked_rows
    CROSS JOIN core_week
    LEFT JOIN contacts ON worked_rows.account_id = contacts.account_id
    WHERE
        worked_rows.row_rank = 1
        AND worked_rows.next_contact_on < date_add(core_week.as_of_on, 366)
),

places AS (
    SELECT
        accounts.account_id,
        coalesce(accounts.branch, own.branch, '-') AS branch,
        coalesce(substr(accounts.language, 1, 2), '') AS spoken
    FROM asof_accounts AS accounts
    LEFT JOIN asof_reps AS own ON accounts.rep_id = own.rep_id
),

-- Branches and languages are few beside the accounts: it is asked of each pair once whether somebody can serve it.
served AS (
    SELECT DISTINCT
        asked_for.branch,
        asked_for.spoken
    FROM (SELECT DISTINCT branch, spoken FROM places) AS asked_for
    INNER JOIN asof_reps AS others ON asked_for.branch = coalesce(others.branch, '-')
    WHERE
        coalesce(others.is_active, true)
        AND (
            coalesce(others.languages, '') = ''
            OR concat(';', replace(others.languages, ' ', '')) LIKE concat('%;', asked_for.spoken, '%')
        )
),

covered AS (
    SELECT places.account_id
    FROM places
    INNER JOIN served ON places.branch = served.branch AND places.spoken = served.spoken
),

delivered_reps AS (
    SELECT count(*) AS n_reps FROM asof_reps
),

chances AS (
    SELECT
        scores.account_id,
        scores.prob AS return_prob
    FROM score_return_time AS scores
    CROSS JOIN core_week
    WHERE scores.horizon_days = core_week.horizon_days
)

SELECT
    lapses.account_id,
    lapses.as_of_on,
    CASE WHEN delivered_reps.n_reps = 0 THEN core_week.default_rep_id ELSE reps.rep_id END AS rep_id,
    CASE
        WHEN coalesce(newest.is_do_not_contact, false) OR coalesce(wishes.has_asked_no_contact, 0) = 1 THEN 'do_not_contact'
        WHEN asked.account_id IS NOT NULL THEN 'asked_in_note'
        WHEN NOT coalesce(newest.has_consent, NOT core_week.needs_consent) THEN 'no_consent'
        WHEN coalesce(wishes.has_closed, 0) = 1 THEN 'closed_business'
        WHEN lapses.lapsed_days > core_week.max_lapsed_days THEN 'too_long_ago'
        WHEN datediff('day', listed.last_held_on, core_week.as_of_on) < core_week.horizon_days THEN 'holdout'
        WHEN coalesce(agreed.is_later, false) THEN 'agreed_later'
        WHEN
            NOT coalesce(agreed.is_now, false)
            AND (
                datediff('day', contacts.last_contact_on, core_week.as_of_on) <= core_week.cooldown_days
                OR datediff('day', listed.last_listed_on, core_week.as_of_on) <= core_week.cooldown_days
            )
            THEN 'contacted_recently'
        WHEN contacts.n_recent >= core_week.contact_cap THEN 'contact_cap'
        WHEN delivered_reps.n_reps > 0 AND reps.rep_id IS NULL AND covered.account_id IS NULL THEN 'no_rep'
        WHEN delivered_reps.n_reps > 0 AND NOT coalesce(reps.is_active, true) AND covered.account_id IS NULL THEN 'rep_inactive'
        WHEN lapses.year_amount <= 0 THEN 'no_value'
    END AS cause,
    values_of.value_at_stake_amount,
    lapses.year_amount,
    chances.return_prob,
    lapses.lapsed_on,
    lapses.silence_days
FROM core_lapses AS lapses
CROSS JOIN core_week
CROSS JOIN delivered_reps
INNER JOIN score_value AS values_of ON lapses.account_id = values_of.account_id
LEFT JOIN chances ON lapses.account_id = chances.account_id
LEFT JOIN newest ON lapses.account_id = newest.account_id AND newest.version_rank = 1
LEFT JOIN asof_accounts AS accounts ON lapses.account_id = accounts.account_id
LEFT JOIN asof_reps AS reps ON accounts.rep_id = reps.rep_id
LEFT JOIN covered ON lapses.account_id = covered.account_id
LEFT JOIN wishes ON lapses.account_id = wishes.account_id
LEFT JOIN asked ON lapses.account_id = asked.account_id
LEFT JOIN contacts ON lapses.account_id = contacts.account_id
LEFT JOIN agreed ON lapses.account_id = agreed.account_id
LEFT JOIN listed ON lapses.account_id = listed.account_id
