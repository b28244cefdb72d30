-- Whom each listed row addresses: of the people who still hold their place the one in the role that the play's first contact
-- wants, else whoever decides, else the owner, a decision maker, a manager, then whoever is known; without anybody, the role.
-- The temperament is the person's, else the one that the newest note on the account's manner tells.
WITH ranked AS (
    SELECT
        assignments.row_key,
        people.person_id,
        people.person_name,
        people.role,
        people.is_decision_maker,
        people.phone,
        people.email,
        people.language,
        people.temperament,
        row_number() OVER (
            PARTITION BY assignments.row_key
            ORDER BY
                CASE
                    WHEN people.role = plays.contact_role THEN 0
                    WHEN plays.contact_role = 'decision_maker' AND people.is_decision_maker THEN 0
                    ELSE 1
                END,
                CASE WHEN people.is_decision_maker THEN 0 ELSE 1 END,
                CASE people.role WHEN 'owner' THEN 0 WHEN 'decision_maker' THEN 1 WHEN 'manager' THEN 2 ELSE 3 END,
                people.person_id
        ) AS person_rank
    FROM plan_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN core_plays AS plays ON assignments.play_id = plays.play_id
    INNER JOIN asof_people AS people ON assignments.account_id = people.account_id
    WHERE assignments.assignment <> 'holdout' AND (people.valid_to_on IS NULL OR people.valid_to_on >= core_week.as_of_on)
),

tempers AS (
    SELECT
        account_id,
        replace(mention_kind, 'temper_', '') AS temperament,
        row_number() OVER (PARTITION BY account_id ORDER BY touched_on DESC, text_sha256, start_char, mention_kind) AS mention_rank
    FROM score_mentions
    WHERE mention_kind LIKE 'temper%'
)

SELECT
    assignments.row_key,
    assignments.account_id,
    ranked.person_id,
    ranked.person_name,
    CASE
        WHEN ranked.role IS NOT NULL THEN ranked.role
        WHEN ranked.is_decision_maker THEN 'decision_maker'
        ELSE plays.contact_role
    END AS contact_role,
    plays.play_channel,
    ranked.phone,
    ranked.email,
    ranked.language,
    coalesce(ranked.temperament, tempers.temperament) AS temperament
FROM plan_assignments AS assignments
INNER JOIN core_plays AS plays ON assignments.play_id = plays.play_id
LEFT JOIN ranked ON assignments.row_key = ranked.row_key AND ranked.person_rank = 1
LEFT JOIN tempers ON assignments.account_id = tempers.account_id AND tempers.mention_rank = 1
WHERE assignments.assignment <> 'holdout'
