-- What the account got out of the service before its lapse, against its own past and against its peers, and how it is set up.
-- Before the lapse: usage periods that end from 56 days before the last counted spend up to the lapse day, or up to the as-of
-- Monday where the account is not lapsed; periods before that are its own past. Peers are accounts of the same kind of business
-- and size class; a comparison needs five of them with the figure, the account itself included, else it is missing.
-- Ranks run from 0 (least) to 1 (most). Figures are rounded to six digits before they are ranked. The set-up is that of the week.
WITH anchors AS (
    SELECT
        accounts.account_id,
        accounts.business_kind,
        coalesce(sized.size_class, '-') AS size_class,
        date_add(accounts.last_spend_on, -56) AS from_on,
        coalesce(lapses.lapsed_on, core_week.as_of_on) AS until_on
    FROM core_accounts_week AS accounts
    CROSS JOIN core_week
    LEFT JOIN core_lapses AS lapses ON accounts.account_id = lapses.account_id
    LEFT JOIN asof_accounts AS sized ON accounts.account_id = sized.account_id
),

periods AS (
    SELECT
        usage.account_id,
        usage.cost_amount,
        usage.n_visits,
        usage.n_clicks,
        usage.n_inquiries,
        usage.n_orders,
        greatest(datediff('day', usage.period_from_on, usage.period_to_on) + 1, 1) AS n_days,
        CASE
            WHEN usage.period_to_on >= anchors.until_on THEN 'after'
            WHEN usage.period_to_on >= anchors.from_on THEN 'recent'
            WHEN usage.period_to_on < anchors.from_on THEN 'past'
        END AS stage
    FROM asof_usage AS usage
    LEFT JOIN anchors ON usage.account_id = anchors.account_id
),

summed AS (
    SELECT
        account_id,
        sum(CASE WHEN stage = 'recent' THEN n_days ELSE 0 END) AS n_days,
        CAST(sum(CASE WHEN stage = 'recent' THEN cost_amount END) AS DOUBLE) AS cost_amount,
        CAST(sum(CASE WHEN stage = 'recent' AND cost_amount IS NOT NULL THEN n_days END) AS DOUBLE) AS n_cost_days,
        CAST(sum(CASE WHEN stage = 'recent' AND n_clicks IS NOT NULL THEN cost_amount END) AS DOUBLE) AS click_cost_amount,
        CAST(sum(CASE WHEN stage = 'recent' AND cost_amount IS NOT NULL THEN n_clicks END) AS DOUBLE) AS n_clicks,
        CAST(sum(CASE WHEN stage = 'recent' AND n_visits IS NOT NULL THEN n_clicks END) AS DOUBLE) AS n_visit_clicks,
        CAST(sum(CASE WHEN stage = 'recent' AND n_clicks IS NOT NULL THEN n_visits END) AS DOUBLE) AS n_visits,
        CAST(sum(CASE WHEN stage = 'recent' AND n_inquiries IS NOT NULL THEN cost_amount END) AS DOUBLE) AS inquiry_cost_amount,
        CAST(sum(CASE WHEN stage = 'recent' AND cost_amount IS NOT NULL THEN n_inquiries END) AS DOUBLE) AS n_inquiries,
        CAST(sum(CASE WHEN stage = 'recent' AND n_orders IS NOT NULL THEN n_inquiries END) AS DOUBLE) AS n_order_inquiries,
        CAST(sum(CASE WHEN stage = 'recent' AND n_inquiries IS NOT NULL THEN n_orders END) AS DOUBLE) AS n_orders,
        CAST(sum(CASE WHEN stage = 'past' AND n_inquiries IS NOT NULL THEN cost_amount END) AS DOUBLE) AS past_cost_amount,
        CAST(sum(CASE WHEN stage = 'past' AND cost_amount IS NOT NULL THEN n_inquiries END) AS DOUBLE) AS n_past_inquiries,
        sum(CASE WHEN stage <> 'after' AND n_clicks IS NOT NULL THEN 1 ELSE 0 END) AS n_click_periods,
        max(CASE WHEN stage = 'recent' THEN CAST(n_clicks AS DOUBLE) / CAST(n_days AS DOUBLE) END) AS most_clicks,
        CAST(median(CASE WHEN stage <> 'after' THEN CAST(n_clicks AS DOUBLE) / CAST(n_days AS DOUBLE) END) AS DOUBLE)
            AS median_clicks
    FROM periods
    GROUP BY account_id
),

figures AS (
    SELECT
        anchors.account_id,
        anchors.business_kind,
        anchors.size_class,
        summed.n_days,
        round(summed.cost_amount / nullif(summed.n_cost_days, 0), 6) AS cost_per_day,
        round(summed.click_cost_amount / nullif(summed.n_clicks, 0), 6) AS cost_per_click,
        round(1000 * summed.n_inquiries / nullif(summed.inquiry_cost_amount, 0), 6) AS inquiries_per_cost,
        round(1000 * summed.n_past_inquiries / nullif(summed.past_cost_amount, 0), 6) AS past_inquiries_per_cost,
        round(summed.n_visits / nullif(summed.n_visit_clicks, 0), 6) AS visits_per_click,
        round(summed.n_orders / nullif(summed.n_order_inquiries, 0), 6) AS orders_per_inquiry,
        CASE WHEN summed.n_click_periods >= 3 THEN round(summed.most_clicks / nullif(summed.median_clicks, 0), 6) END
            AS clicks_jump
    FROM anchors
    LEFT JOIN summed ON anchors.account_id = summed.account_id
),

peers AS (
    SELECT
        business_kind,
        size_class,
        sum(CASE WHEN n_days > 0 THEN 1 ELSE 0 END) AS n_peers,
        count(cost_per_day) AS n_cost_per_day,
        count(cost_per_click) AS n_cost_per_click,
        count(inquiries_per_cost) AS n_inquiries_per_cost,
        CAST(median(cost_per_day) AS DOUBLE) AS cost_per_day,
        CAST(median(cost_per_click) AS DOUBLE) AS cost_per_click,
        CAST(median(inquiries_per_cost) AS DOUBLE) AS inquiries_per_cost
    FROM figures
    GROUP BY business_kind, size_class
),

ranked AS (
    SELECT
        *,
        percent_rank() OVER (PARTITION BY business_kind, size_class, cost_per_day IS NULL ORDER BY cost_per_day)
            AS cost_rank_share,
        percent_rank() OVER (PARTITION BY business_kind, size_class, inquiries_per_cost IS NULL ORDER BY inquiries_per_cost)
            AS inquiries_rank_share
    FROM figures
),

delivered AS (
    SELECT count(*) > 0 AS has_usage FROM summed
)

SELECT
    figures.account_id,
    core_week.as_of_on,
    CASE WHEN delivered.has_usage THEN CAST(peers.n_peers AS BIGINT) END AS n_usage_peers,
    CASE WHEN delivered.has_usage THEN CAST(coalesce(figures.n_days, 0) AS BIGINT) END AS usage_days,
    figures.cost_per_day AS cost_per_day_amount,
    CASE WHEN peers.n_cost_per_day >= 5 THEN figures.cost_per_day / nullif(peers.cost_per_day, 0) END AS cost_peer_ratio,
    CASE WHEN peers.n_cost_per_day >= 5 AND figures.cost_per_day IS NOT NULL THEN figures.cost_rank_share END
        AS cost_rank_share,
    figures.cost_per_click AS cost_per_click_amount,
    CASE WHEN peers.n_cost_per_click >= 5 THEN figures.cost_per_click / nullif(peers.cost_per_click, 0) END
        AS cost_per_click_peer_ratio,
    figures.inquiries_per_cost,
    CASE WHEN peers.n_inquiries_per_cost >= 5 THEN figures.inquiries_per_cost / nullif(peers.inquiries_per_cost, 0) END
        AS inquiries_peer_ratio,
    CASE WHEN peers.n_inquiries_per_cost >= 5 AND figures.inquiries_per_cost IS NOT NULL THEN figures.inquiries_rank_share END
        AS inquiries_rank_share,
    figures.inquiries_per_cost / nullif(figures.past_inquiries_per_cost, 0) AS inquiries_own_ratio,
    figures.clicks_jump AS clicks_jump_ratio,
    figures.visits_per_click,
    figures.orders_per_inquiry,
    setup.keyword_fit_share,
    setup.ad_quality_score,
    setup.mean_rank,
    figures.cost_per_day / nullif(CAST(setup.daily_cap_amount AS DOUBLE), 0) AS cap_used_ratio,
    setup.site_uptime_share,
    setup.reply_minutes
FROM ranked AS figures
CROSS JOIN core_week
CROSS JOIN delivered
INNER JOIN peers ON figures.business_kind = peers.business_kind AND figures.size_class = peers.size_class
LEFT JOIN asof_account_setup AS setup ON figures.account_id = setup.account_id
