-- The account's market at its lapse (at the as-of Monday while it is active): the season of its kind of business, and how its
-- peers (same kind of business and region) fare. Season: of all purchase days in that calendar month the share that falls to the
-- kind of business, over its share of all months, so that growth of the whole book does not look like a season.
WITH placed AS (
    SELECT
        accounts.account_id,
        core_week.as_of_on,
        accounts.business_kind,
        coalesce(places.region, '-') AS region,
        lapses.lapsed_on,
        month(coalesce(lapses.lapsed_on, core_week.as_of_on)) AS season_month
    FROM core_accounts_week AS accounts
    CROSS JOIN core_week
    LEFT JOIN asof_accounts AS places ON accounts.account_id = places.account_id
    LEFT JOIN core_lapses AS lapses ON accounts.account_id = lapses.account_id
),

kind_months AS (
    SELECT
        accounts.business_kind,
        month(days.spent_on) AS season_month,
        count(*) AS n_days
    FROM core_purchase_days AS days
    INNER JOIN core_accounts_week AS accounts ON days.account_id = accounts.account_id
    GROUP BY accounts.business_kind, month(days.spent_on)
),

month_shares AS (
    SELECT
        business_kind,
        season_month,
        n_days / CAST(sum(n_days) OVER (PARTITION BY season_month) AS DOUBLE) AS month_share,
        sum(n_days) OVER (PARTITION BY business_kind) / CAST(sum(n_days) OVER () AS DOUBLE) AS all_share,
        sum(n_days) OVER (PARTITION BY business_kind) AS n_kind_days
    FROM kind_months
),

months_seen AS (
    SELECT count(DISTINCT month(spent_on)) AS n_months FROM core_purchase_days
),

peers AS (
    SELECT
        business_kind,
        region,
        count(*) AS n_market_peers,
        sum(CASE WHEN lapsed_on >= date_add(as_of_on, -182) THEN 1 ELSE 0 END) AS n_lapsed_peers
    FROM placed
    GROUP BY business_kind, region
)

SELECT
    placed.account_id,
    placed.as_of_on,
    CASE
        WHEN months_seen.n_months = 12 AND month_shares.n_kind_days >= 200 AND placed.business_kind <> '-'
            THEN round(month_shares.month_share / month_shares.all_share, 6)
    END AS season_ratio,
    peers.n_market_peers,
    CASE
        WHEN peers.n_market_peers >= 5 THEN round(peers.n_lapsed_peers / CAST(peers.n_market_peers AS DOUBLE), 6)
    END AS lapsed_peers_share
FROM placed
CROSS JOIN months_seen
INNER JOIN peers ON placed.business_kind = peers.business_kind AND placed.region = peers.region
LEFT JOIN month_shares
    ON placed.business_kind = month_shares.business_kind AND placed.season_month = month_shares.season_month
