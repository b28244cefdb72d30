-- What the account buys: how many categories, which ones came and went, which one it stopped first, which is overdue.
-- The half-year is the 182 days up to and including the account's last counted spend, so that silence itself is no drift.
-- A category was stopped if its next purchase by its own cycle was expected before the account's last spend; it is overdue if
-- that day came before the as-of Monday. Shares are of counted spend with a category, in base currency, before refunds.
-- Missing throughout where no spend carries a category.
WITH totals AS (
    SELECT
        account_id,
        max(category_amount) AS top_amount,
        sum(category_amount) AS all_amount
    FROM core_purchase_cycles
    WHERE category <> '*'
    GROUP BY account_id
),

top AS (
    SELECT
        cycles.account_id,
        min(cycles.category) AS category,
        max(CASE WHEN totals.all_amount > 0 THEN CAST(totals.top_amount AS DOUBLE) / CAST(totals.all_amount AS DOUBLE) END)
            AS spend_share
    FROM core_purchase_cycles AS cycles
    INNER JOIN totals ON cycles.account_id = totals.account_id AND cycles.category_amount = totals.top_amount
    WHERE cycles.category <> '*'
    GROUP BY cycles.account_id
),

categories AS (
    SELECT
        cycles.account_id,
        cycles.category,
        cycles.last_spend_on,
        cycles.next_expected_on,
        cycles.next_expected_on < accounts.last_spend_on AS is_stopped,
        cycles.next_expected_on < core_week.as_of_on AS is_overdue,
        datediff('day', cycles.first_spend_on, accounts.last_spend_on) >= 182 AS is_earlier,
        datediff('day', cycles.last_spend_on, accounts.last_spend_on) < 182 AS is_recent
    FROM core_purchase_cycles AS cycles
    INNER JOIN core_accounts_week AS accounts ON cycles.account_id = accounts.account_id
    CROSS JOIN core_week
    WHERE cycles.category <> '*'
),

-- The first by day, then by name: the day as ten characters before the name puts both into one minimum.
counted AS (
    SELECT
        account_id,
        count(*) AS n_categories,
        sum(CASE WHEN is_recent THEN 1 ELSE 0 END) AS n_recent,
        sum(CASE WHEN is_earlier THEN 1 ELSE 0 END) AS n_earlier,
        sum(CASE WHEN is_recent AND is_earlier THEN 1 ELSE 0 END) AS n_kept,
        sum(CASE WHEN is_stopped THEN 1 ELSE 0 END) AS n_stopped,
        min(CASE WHEN is_stopped THEN concat(CAST(last_spend_on AS VARCHAR), category) END) AS first_stopped,
        min(CASE WHEN is_overdue THEN concat(CAST(next_expected_on AS VARCHAR), category) END) AS first_overdue
    FROM categories
    GROUP BY account_id
),

delivered AS (
    SELECT count(*) > 0 AS has_categories FROM counted
)

SELECT
    accounts.account_id,
    core_week.as_of_on,
    CASE WHEN delivered.has_categories THEN coalesce(counted.n_categories, 0) END AS n_categories,
    CASE WHEN delivered.has_categories THEN CAST(coalesce(counted.n_recent, 0) AS BIGINT) END AS n_categories_recent,
    CASE WHEN delivered.has_categories THEN CAST(coalesce(counted.n_earlier, 0) AS BIGINT) END AS n_categories_earlier,
    CASE WHEN delivered.has_categories THEN CAST(coalesce(counted.n_earlier - counted.n_kept, 0) AS BIGINT) END
        AS n_categories_dropped,
    CASE WHEN delivered.has_categories THEN CAST(coalesce(counted.n_recent - counted.n_kept, 0) AS BIGINT) END
        AS n_categories_new,
    CASE WHEN counted.n_earlier > 0 THEN CAST(counted.n_kept AS DOUBLE) / CAST(counted.n_earlier AS DOUBLE) END
        AS categories_kept_share,
    top.category AS top_category,
    top.spend_share AS top_category_spend_share,
    CASE WHEN delivered.has_categories THEN CAST(coalesce(counted.n_stopped, 0) AS BIGINT) END AS n_categories_stopped,
    substr(counted.first_stopped, 11) AS first_stopped_category,
    datediff('day', CAST(substr(counted.first_stopped, 1, 10) AS DATE), core_week.as_of_on) AS first_stopped_days,
    substr(counted.first_overdue, 11) AS overdue_category,
    datediff('day', CAST(substr(counted.first_overdue, 1, 10) AS DATE), core_week.as_of_on) AS overdue_category_days
FROM core_accounts_week AS accounts
CROSS JOIN core_week
CROSS JOIN delivered
LEFT JOIN counted ON accounts.account_id = counted.account_id
LEFT JOIN top ON accounts.account_id = top.account_id
