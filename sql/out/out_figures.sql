-- What the week comes to, one figure a row, as the output gate compares it with the week published before: lapsed accounts, those
-- among them whose lapse no published week has told yet, listed accounts, how full the plan is, chance of return untouched, value at
-- stake, spend of the last year, net value, reasons, where purchases and accounts are, and how the list has changed. n_base is the
-- number of rows that a figure rests on; for amounts, of which a few rows hold most, the number of equal rows that would make it as
-- sure: square of the sum by sum of squares.
-- An account without a chance counts as one without hope, and one without a reason as unknown, so that missing scores show.
-- Purchases are those of the seven days up to the newest purchase day, since a log may end within a week, and, as what is usual, those
-- of the 56 days before.
-- Vanished: listed in the week handed out last, and now neither lapsed nor bought since nor closed.
WITH told AS (
    SELECT
        ledger.account_id,
        ledger.last_spend_on
    FROM ledger_lapses AS ledger
    CROSS JOIN core_week
    WHERE ledger.week_on < core_week.as_of_on
),

told_total AS (
    SELECT count(*) AS n_told FROM told
),

lapsed AS (
    SELECT
        lapses.account_id,
        CASE WHEN told.account_id IS NULL THEN 1 ELSE 0 END AS is_new,
        candidates.rep_id,
        CASE
            WHEN candidates.cause IS NULL OR candidates.cause IN ('holdout', 'agreed_later', 'contacted_recently', 'contact_cap') THEN 0
            ELSE 1
        END AS is_barred,
        CASE WHEN candidates.cause IS NULL THEN 1 ELSE 0 END AS is_open,
        candidates.return_prob,
        candidates.value_at_stake_amount,
        candidates.year_amount,
        CASE WHEN coalesce(reasons.is_abstained, true) OR coalesce(reasons.primary_code, '7') = '7' THEN 1 ELSE 0 END AS is_unknown,
        substr(coalesce(reasons.likeliest_code, '7'), 1, 1) AS family_code
    FROM core_lapses AS lapses
    LEFT JOIN told ON lapses.account_id = told.account_id AND lapses.last_spend_on = told.last_spend_on
    LEFT JOIN plan_candidates AS candidates ON lapses.account_id = candidates.account_id
    LEFT JOIN score_reasons AS reasons ON lapses.account_id = reasons.account_id
),

totals AS (
    SELECT
        count(*) AS n_lapsed,
        sum(is_new) AS n_new,
        sum(is_barred) AS n_barred,
        sum(is_open) AS n_open,
        sum(is_unknown) AS n_unknown,
        avg(coalesce(return_prob, 0)) AS mean_prob,
        CAST(sum(value_at_stake_amount) AS DOUBLE) AS value_at_stake,
        sum(CAST(value_at_stake_amount AS DOUBLE) * CAST(value_at_stake_amount AS DOUBLE)) AS squared_value,
        CAST(sum(year_amount) AS DOUBLE) AS year_spend,
        sum(CAST(year_amount AS DOUBLE) * CAST(year_amount AS DOUBLE)) AS squared_year_spend
    FROM lapsed
),

listed AS (
    SELECT
        count(*) AS n_listed,
        sum(CASE WHEN change_word IN ('new_lapse', 'entered') THEN 1 ELSE 0 END) AS n_entered,
        count(net_value_amount) AS n_net_values,
        CAST(sum(net_value_amount) AS DOUBLE) AS net_value,
        sum(CAST(net_value_amount AS DOUBLE) * CAST(net_value_amount AS DOUBLE)) AS squared_net_value
    FROM out_playbook
),

planned AS (
    SELECT count(*) AS n_planned FROM plan_assignments
),

minutes AS (
    SELECT
        CAST(sum(used) AS DOUBLE) AS used_minutes,
        CAST(sum(capacity) AS DOUBLE) AS capacity_minutes
    FROM plan_summary
    WHERE constraint_kind = 'plan'
),

newest AS (
    SELECT max(spent_on) AS newest_on FROM core_purchase_days
),

purchases AS (
    SELECT
        coalesce(accounts.region, '-') AS region,
        CASE WHEN datediff('day', days.spent_on, newest.newest_on) < 7 THEN 'region_purchase_share' ELSE 'usual_region_share' END
            AS figure
    FROM core_purchase_days AS days
    CROSS JOIN newest
    LEFT JOIN asof_accounts AS accounts ON days.account_id = accounts.account_id
    WHERE datediff('day', days.spent_on, newest.newest_on) < 63
),

last_handed_out AS (
    SELECT max(week_on) AS last_week_on FROM core_treatments WHERE NOT is_delivered
),

last_listed AS (
    SELECT DISTINCT
        treatments.account_id,
        CASE
            WHEN lapses.account_id IS NULL AND treatments.returned_on IS NULL AND accounts.closed_on IS NULL THEN 1
            ELSE 0
        END AS is_vanished
    FROM core_treatments AS treatments
    INNER JOIN last_handed_out ON treatments.week_on = last_handed_out.last_week_on
    LEFT JOIN core_lapses AS lapses ON treatments.account_id = lapses.account_id
    LEFT JOIN core_accounts_week AS accounts ON treatments.account_id = accounts.account_id
    WHERE NOT treatments.is_delivered AND treatments.assignment <> 'holdout'
),

families AS (
    SELECT
        family_code,
        count(*) AS n_accounts
    FROM lapsed
    GROUP BY family_code
),

reps AS (
    SELECT
        coalesce(rep_id, '-') AS rep_id,
        count(*) AS n_accounts
    FROM lapsed
    GROUP BY coalesce(rep_id, '-')
),

regions AS (
    SELECT
        figure,
        region,
        count(*) AS n_purchases
    FROM purchases
    GROUP BY figure, region
),

figures AS (
    SELECT
        'n_lapsed' AS figure,
        'all' AS group_name,
        n_lapsed AS n_base,
        CAST(n_lapsed AS DOUBLE) AS value_number
    FROM totals
    UNION ALL
    SELECT
        'n_newly_lapsed' AS figure,
        'all' AS group_name,
        totals.n_lapsed AS n_base,
        CASE WHEN told_total.n_told > 0 THEN CAST(totals.n_new AS DOUBLE) END AS value_number
    FROM totals
    CROSS JOIN told_total
    UNION ALL
    SELECT
        'barred_share' AS figure,
        'all' AS group_name,
        n_lapsed AS n_base,
        CAST(n_barred AS DOUBLE) / n_lapsed AS value_number
    FROM totals
    UNION ALL
    SELECT
        'mean_return_prob' AS figure,
        'all' AS group_name,
        n_lapsed AS n_base,
        round(mean_prob, 6) AS value_number
    FROM totals
    UNION ALL
    SELECT
        'unknown_reason_share' AS figure,
        'all' AS group_name,
        n_lapsed AS n_base,
        CAST(n_unknown AS DOUBLE) / n_lapsed AS value_number
    FROM totals
    UNION ALL
    SELECT
        'value_at_stake' AS figure,
        'all' AS group_name,
        ceil(value_at_stake * value_at_stake / nullif(squared_value, 0)) AS n_base,
        round(value_at_stake, 2) AS value_number
    FROM totals
    UNION ALL
    SELECT
        'lapsed_year_spend' AS figure,
        'all' AS group_name,
        ceil(year_spend * year_spend / nullif(squared_year_spend, 0)) AS n_base,
        round(year_spend, 2) AS value_number
    FROM totals
    UNION ALL
    SELECT
        'n_listed' AS figure,
        'all' AS group_name,
        n_listed AS n_base,
        CAST(n_listed AS DOUBLE) AS value_number
    FROM listed
    UNION ALL
    SELECT
        'entered_share' AS figure,
        'all' AS group_name,
        n_listed AS n_base,
        CAST(n_entered AS DOUBLE) / nullif(n_listed, 0) AS value_number
    FROM listed
    UNION ALL
    SELECT
        'mean_net_value' AS figure,
        'all' AS group_name,
        ceil(net_value * net_value / nullif(squared_net_value, 0)) AS n_base,
        round(net_value / nullif(n_net_values, 0), 2) AS value_number
    FROM listed
    UNION ALL
    SELECT
        'plan_fill_share' AS figure,
        'all' AS group_name,
        totals.n_open AS n_base,
        greatest(
            CAST(planned.n_planned AS DOUBLE) / nullif(totals.n_open, 0),
            coalesce(minutes.used_minutes / nullif(minutes.capacity_minutes, 0), 0)
        ) AS value_number
    FROM totals
    CROSS JOIN planned
    CROSS JOIN minutes
    UNION ALL
    SELECT
        'vanished_share' AS figure,
        'all' AS group_name,
        count(*) AS n_base,
        avg(CAST(is_vanished AS DOUBLE)) AS value_number
    FROM last_listed
    UNION ALL
    SELECT
        'reason_family_share' AS figure,
        family_code AS group_name,
        sum(n_accounts) OVER () AS n_base,
        CAST(n_accounts AS DOUBLE) / sum(n_accounts) OVER () AS value_number
    FROM families
    UNION ALL
    SELECT
        'rep_share' AS figure,
        rep_id AS group_name,
        sum(n_accounts) OVER () AS n_base,
        CAST(n_accounts AS DOUBLE) / sum(n_accounts) OVER () AS value_number
    FROM reps
    UNION ALL
    SELECT
        figure,
        region AS group_name,
        sum(n_purchases) OVER (PARTITION BY figure) AS n_base,
        CAST(n_purchases AS DOUBLE) / sum(n_purchases) OVER (PARTITION BY figure) AS value_number
    FROM regions
)

SELECT
    core_week.as_of_on AS week_on,
    figures.figure,
    figures.group_name,
    CAST(figures.n_base AS BIGINT) AS n_base,
    figures.value_number
FROM figures
CROSS JOIN core_week
WHERE figures.n_base > 0 AND figures.value_number IS NOT NULL
