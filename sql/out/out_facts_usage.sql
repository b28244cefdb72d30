-- What a listed account got out of the service before its lapse, in sums: the usage periods that end from 56 days before the
-- last counted spend up to the lapse, the same that feat_usage counts as usage days. A figure that no period gives is missing.
WITH listed AS (
    SELECT
        assignments.row_key,
        assignments.account_id,
        date_add(lapses.last_spend_on, -56) AS from_on,
        lapses.lapsed_on AS until_on
    FROM plan_assignments AS assignments
    INNER JOIN core_lapses AS lapses ON assignments.account_id = lapses.account_id
    WHERE assignments.assignment <> 'holdout'
)

SELECT
    listed.row_key,
    CAST(sum(usage.n_visits) AS BIGINT) AS n_visits,
    CAST(sum(usage.n_clicks) AS BIGINT) AS n_clicks,
    CAST(sum(usage.n_inquiries) AS BIGINT) AS n_inquiries,
    CAST(sum(usage.n_messages) AS BIGINT) AS n_messages,
    CAST(sum(usage.n_orders) AS BIGINT) AS n_orders,
    CAST(sum(usage.cost_amount) AS DECIMAL(18, 4)) AS cost_amount
FROM listed
INNER JOIN asof_usage AS usage ON listed.account_id = usage.account_id
WHERE usage.period_to_on >= listed.from_on AND usage.period_to_on < listed.until_on
GROUP BY listed.row_key
