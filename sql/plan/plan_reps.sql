-- Who can serve each account that may be contacted: its own rep, and at most one other.
-- The other is active, of the same branch, speaks the account's language, is good at the channel of the play that the rules would take
-- and at the level at which whoever decides is met; what is not delivered of a rep or an account shuts nobody out. Among several: one
-- who has dealt with the account in the last year, then by a hash of account and rep, which spreads accounts evenly and moves few of
-- them when reps come and go. Fit: 1 own, 0.9 another whom the account has met, 0.8 any other.
WITH levels AS (
    SELECT
        people.account_id,
        people.contact_level,
        row_number() OVER (
            PARTITION BY people.account_id
            ORDER BY
                CASE WHEN people.is_decision_maker THEN 0 ELSE 1 END,
                CASE people.role WHEN 'owner' THEN 0 WHEN 'decision_maker' THEN 1 WHEN 'manager' THEN 2 ELSE 3 END,
                people.person_id
        ) AS person_rank
    FROM asof_people AS people
    CROSS JOIN core_week
    WHERE people.valid_to_on IS NULL OR people.valid_to_on >= core_week.as_of_on
),

met AS (
    SELECT DISTINCT
        touchpoints.account_id,
        touchpoints.rep_id
    FROM asof_touchpoints AS touchpoints
    CROSS JOIN core_week
    WHERE touchpoints.rep_id IS NOT NULL AND datediff('day', touchpoints.touched_on, core_week.as_of_on) <= 365
),

reps AS (
    SELECT
        rep_id,
        branch,
        concat(';', replace(languages, ' ', '')) AS languages,
        concat(';', replace(channels, ' ', ''), ';') AS channels,
        concat(';', replace(contact_levels, ' ', ''), ';') AS contact_levels,
        coalesce(languages, '') = '' AS has_any_language,
        coalesce(channels, '') = '' AS has_any_channel,
        coalesce(contact_levels, '') = '' AS has_any_level,
        coalesce(is_active, true) AS is_active
    FROM asof_reps
),

served AS (
    SELECT
        candidates.account_id,
        candidates.as_of_on,
        candidates.rep_id AS own_rep_id,
        candidates.rep_id IS NOT NULL AND coalesce(own.is_active, true) AS has_own,
        coalesce(accounts.branch, own.branch, '-') AS branch,
        substr(accounts.language, 1, 2) AS language,
        options.play_channel,
        levels.contact_level
    FROM plan_candidates AS candidates
    INNER JOIN plan_options AS options ON candidates.account_id = options.account_id AND options.is_rule_choice
    LEFT JOIN asof_accounts AS accounts ON candidates.account_id = accounts.account_id
    LEFT JOIN reps AS own ON candidates.rep_id = own.rep_id
    LEFT JOIN levels ON candidates.account_id = levels.account_id AND levels.person_rank = 1
    WHERE candidates.cause IS NULL
),

fitting AS (
    SELECT
        served.account_id,
        served.as_of_on,
        served.has_own,
        reps.rep_id,
        met.rep_id IS NOT NULL AS has_met,
        (reps.has_any_channel OR reps.channels LIKE concat('%;', served.play_channel, ';%'))
        AND (
            served.contact_level IS NULL OR reps.has_any_level
            OR reps.contact_levels LIKE concat('%;', served.contact_level, ';%')
        ) AS is_skilled
    FROM served
    INNER JOIN reps ON served.branch = coalesce(reps.branch, '-')
    LEFT JOIN met ON served.account_id = met.account_id AND reps.rep_id = met.rep_id
    WHERE
        reps.is_active
        AND reps.rep_id <> coalesce(served.own_rep_id, '')
        AND (served.language IS NULL OR reps.has_any_language OR reps.languages LIKE concat('%;', served.language, '%'))
),

-- The best is the least of one text per rep: a sort of all of them would take longer.
others AS (
    SELECT
        account_id,
        as_of_on,
        min(
            concat(
                CASE WHEN is_skilled THEN '0' ELSE '1' END,
                CASE WHEN has_met THEN '0' ELSE '1' END,
                md5(concat(account_id, '|', rep_id)),
                rep_id
            )
        ) AS best
    FROM fitting
    WHERE is_skilled OR NOT has_own
    GROUP BY account_id, as_of_on
)

SELECT
    account_id,
    own_rep_id AS rep_id,
    as_of_on,
    true AS is_own,
    CAST(1 AS DOUBLE) AS rep_fit
FROM served
WHERE has_own
UNION ALL
SELECT
    account_id,
    substr(best, 35) AS rep_id,
    as_of_on,
    false AS is_own,
    CASE WHEN substr(best, 2, 1) = '0' THEN CAST(0.9 AS DOUBLE) ELSE CAST(0.8 AS DOUBLE) END AS rep_fit
FROM others
