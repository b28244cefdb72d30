-- How much and how faithfully the account buys beside its peers, what it needs a discount for, and signs that it buys elsewhere.
-- The cell: usage is the worth of a year; loyalty is the share of expected purchases kept, which are the days from the first
-- counted spend up to the lapse day (the as-of Monday where not lapsed) divided by the cycle. Each is high, middle or low by
-- thirds among peers of the same kind of business and size class; below five peers, or after a single purchase, it is missing.
-- Discounts and baskets: counted lines of the 365 days up to and including the last counted spend, its last 182 days beside the
-- 183 before them. A category shrinks if it was bought on three days or more and its next purchase was expected before the
-- last spend, while what was bought on that day still goes on.
WITH anchors AS (
    SELECT
        accounts.account_id,
        accounts.business_kind,
        coalesce(known.size_class, '-') AS size_class,
        known.points_balance,
        accounts.last_spend_on,
        accounts.year_amount,
        CASE
            WHEN accounts.n_purchase_days > 1
                THEN round(
                    least(
                        (accounts.n_purchase_days - 1) * greatest(accounts.cycle_days, 1) / greatest(
                            datediff('day', accounts.first_spend_on, coalesce(lapses.lapsed_on, core_week.as_of_on)), 1
                        ),
                        1
                    ),
                    6
                )
        END AS purchases_kept_share
    FROM core_accounts_week AS accounts
    CROSS JOIN core_week
    LEFT JOIN core_lapses AS lapses ON accounts.account_id = lapses.account_id
    LEFT JOIN asof_accounts AS known ON accounts.account_id = known.account_id
),

ranked AS (
    SELECT
        account_id,
        points_balance,
        purchases_kept_share,
        count(*) OVER (PARTITION BY business_kind, size_class) AS n_peers,
        rank() OVER (PARTITION BY business_kind, size_class ORDER BY year_amount) AS usage_rank,
        count(purchases_kept_share) OVER (PARTITION BY business_kind, size_class) AS n_loyalty_peers,
        rank() OVER (PARTITION BY business_kind, size_class, purchases_kept_share IS NULL ORDER BY purchases_kept_share)
            AS loyalty_rank
    FROM anchors
),

levels AS (
    SELECT
        account_id,
        points_balance,
        purchases_kept_share,
        n_peers,
        CASE
            WHEN n_peers < 5 THEN NULL
            WHEN 3 * (usage_rank - 1) < n_peers THEN 'L'
            WHEN 3 * (usage_rank - 1) < 2 * n_peers THEN 'M'
            ELSE 'H'
        END AS usage_level,
        CASE
            WHEN n_loyalty_peers < 5 OR purchases_kept_share IS NULL THEN NULL
            WHEN 3 * (loyalty_rank - 1) < n_loyalty_peers THEN 'L'
            WHEN 3 * (loyalty_rank - 1) < 2 * n_loyalty_peers THEN 'M'
            ELSE 'H'
        END AS loyalty_level
    FROM ranked
),

days AS (
    SELECT
        days.account_id,
        days.n_purchase_lines,
        days.n_discounted_lines,
        CASE WHEN datediff('day', days.spent_on, anchors.last_spend_on) < 182 THEN 1 ELSE 0 END AS is_recent
    FROM core_purchase_days AS days
    INNER JOIN anchors ON days.account_id = anchors.account_id
    WHERE datediff('day', days.spent_on, anchors.last_spend_on) < 365
),

baskets AS (
    SELECT
        account_id,
        count(*) AS n_days,
        sum(n_purchase_lines) AS n_lines,
        sum(n_discounted_lines) AS n_discounted,
        sum(CASE WHEN n_discounted_lines = n_purchase_lines THEN 1 ELSE 0 END) AS n_discount_days,
        sum(is_recent) AS n_recent_days,
        sum(is_recent * n_purchase_lines) AS n_recent_lines
    FROM days
    GROUP BY account_id
),

shrinking AS (
    SELECT
        cycles.account_id,
        count(*) AS n_regular,
        sum(CASE WHEN cycles.next_expected_on < anchors.last_spend_on THEN 1 ELSE 0 END) AS n_shrinking
    FROM core_purchase_cycles AS cycles
    INNER JOIN anchors ON cycles.account_id = anchors.account_id
    WHERE cycles.category <> '*' AND cycles.n_purchase_days >= 3
    GROUP BY cycles.account_id
),

delivered AS (
    SELECT count(*) > 0 AS has_discounts FROM asof_spend WHERE discount_amount IS NOT NULL OR offer_id IS NOT NULL
)

SELECT
    levels.account_id,
    core_week.as_of_on,
    levels.points_balance,
    levels.n_peers,
    levels.usage_level,
    levels.loyalty_level,
    CASE
        WHEN levels.usage_level IS NOT NULL AND levels.loyalty_level IS NOT NULL
            THEN concat(levels.usage_level, '-', levels.loyalty_level)
    END AS loyalty_cell,
    levels.purchases_kept_share,
    CASE WHEN delivered.has_discounts THEN CAST(baskets.n_discounted AS DOUBLE) / CAST(baskets.n_lines AS DOUBLE) END
        AS discount_line_share,
    CASE WHEN delivered.has_discounts THEN CAST(baskets.n_discount_days AS DOUBLE) / CAST(baskets.n_days AS DOUBLE) END
        AS discount_only_share,
    CASE
        WHEN baskets.n_recent_days > 0 AND baskets.n_recent_days < baskets.n_days
            THEN CAST(baskets.n_recent_lines AS DOUBLE) * CAST(baskets.n_days - baskets.n_recent_days AS DOUBLE)
                / (CAST(baskets.n_recent_days AS DOUBLE) * CAST(baskets.n_lines - baskets.n_recent_lines AS DOUBLE))
    END AS basket_lines_ratio,
    CASE WHEN shrinking.n_regular > 0 THEN CAST(shrinking.n_shrinking AS DOUBLE) / CAST(shrinking.n_regular AS DOUBLE) END
        AS shrinking_category_share
FROM levels
CROSS JOIN core_week
CROSS JOIN delivered
LEFT JOIN baskets ON levels.account_id = baskets.account_id
LEFT JOIN shrinking ON levels.account_id = shrinking.account_id
