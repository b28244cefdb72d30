-- What answers the reason of a listed row: the newest change of ours since the account's last counted spend, and a peer's case.
-- Both answer the play's code or its family; where the play only asks, the likeliest code's. A change holds in the account's
-- region and a category it buys, or everywhere; a case is of the same kind of business, its peer agreed to be named and is not
-- the account itself, and one from the same region comes first.
WITH listed AS (
    SELECT
        assignments.row_key,
        assignments.account_id,
        core_week.as_of_on,
        lapses.last_spend_on,
        lapses.business_kind,
        accounts.region,
        coalesce(plays.code, reasons.likeliest_code) AS code,
        substr(coalesce(plays.code, reasons.likeliest_code), 1, 1) AS family_code
    FROM plan_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN core_plays AS plays ON assignments.play_id = plays.play_id
    INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
    LEFT JOIN asof_accounts AS accounts ON assignments.account_id = accounts.account_id
    LEFT JOIN score_reasons AS reasons ON assignments.account_id = reasons.account_id
    WHERE assignments.assignment <> 'holdout'
),

changed AS (
    SELECT
        listed.row_key,
        changes.change_text,
        changes.changed_on,
        row_number() OVER (
            PARTITION BY listed.row_key
            ORDER BY
                changes.changed_on DESC, CASE WHEN changes.reason_code = listed.code THEN 0 ELSE 1 END, changes.change_id
        ) AS change_rank
    FROM listed
    INNER JOIN core_purchase_cycles AS cycles ON listed.account_id = cycles.account_id
    INNER JOIN asof_changes AS changes ON cycles.category = coalesce(changes.category, '*')
    WHERE
        changes.changed_on > listed.last_spend_on
        AND (changes.reason_code = listed.code OR changes.reason_code = listed.family_code)
        AND (changes.region IS NULL OR changes.region = listed.region)
),

cases AS (
    SELECT
        listed.row_key,
        reference_cases.has_case_consent,
        reference_cases.peer_name,
        reference_cases.case_text,
        row_number() OVER (
            PARTITION BY listed.row_key
            ORDER BY
                CASE WHEN reference_cases.region = listed.region THEN 0 ELSE 1 END,
                CASE WHEN reference_cases.reason_code = listed.code THEN 0 ELSE 1 END,
                reference_cases.case_id
        ) AS case_rank
    FROM listed
    INNER JOIN asof_reference_cases AS reference_cases ON listed.business_kind = reference_cases.business_kind
    WHERE
        reference_cases.has_case_consent
        AND (reference_cases.reason_code = listed.code OR reference_cases.reason_code = listed.family_code)
        AND (reference_cases.valid_to_on IS NULL OR reference_cases.valid_to_on >= listed.as_of_on)
        AND coalesce(reference_cases.account_id <> listed.account_id, true)
)

SELECT
    listed.row_key,
    changed.change_text,
    changed.changed_on,
    cases.has_case_consent,
    cases.peer_name,
    cases.case_text
FROM listed
LEFT JOIN changed ON listed.row_key = changed.row_key AND changed.change_rank = 1
LEFT JOIN cases ON listed.row_key = cases.row_key AND cases.case_rank = 1
