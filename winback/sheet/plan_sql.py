"""SELECTs behind the purchase plan.

Belongs here: what accounts usually buy, and what is bought together over all accounts. Does not belong here: the choice of
lines (`purchase_plan`).
"""

from __future__ import annotations

from winback.sheet.purchase_lines import purchase_lines

_PRODUCT = """
    products.product_name, products.unit_price_amount, coalesce(products.currency, core_week.base_currency) AS currency,
    products.stock_quantity,
    CASE WHEN products.arrives_on >= core_week.as_of_on THEN products.arrives_on END AS arrives_on,
    products.min_order_quantity,
    CASE WHEN coalesce(products.promotion_from_on <= core_week.as_of_on, true)
        AND products.promotion_to_on >= core_week.as_of_on THEN products.promotion_to_on END AS promotion_to_on
"""

USUAL = f"""
WITH bought AS (
    SELECT account_id, category, product_id, count(DISTINCT spent_on) AS n_days, max(spent_on) AS last_on,
        median(quantity) AS usual_quantity, median(base_amount) AS usual_amount
    FROM _wanted_lines
    WHERE category IS NOT NULL OR product_id IS NOT NULL
    GROUP BY account_id, category, product_id
)
SELECT bought.account_id, coalesce(bought.product_id, bought.category) AS item, bought.product_id,
    coalesce(bought.category, products.category) AS category, bought.n_days, bought.usual_quantity, bought.usual_amount,
    coalesce(cycles.next_expected_on < core_week.as_of_on, false) AS is_overdue, {_PRODUCT}
FROM bought
CROSS JOIN core_week
LEFT JOIN asof_products AS products ON bought.product_id = products.product_id
LEFT JOIN (SELECT * FROM core_purchase_cycles SEMI JOIN _wanted USING (account_id)) AS cycles
    ON bought.account_id = cycles.account_id AND bought.category = cycles.category
ORDER BY bought.account_id, bought.n_days DESC, bought.last_on DESC, item
"""
"""Each product (or category, where no product is named) that an account bought, most often bought first."""

NEWEST_BASKETS = 200_000
"""Purchase days that `TOGETHER` looks at."""

_BASKET_LINES = """(
    SELECT * FROM asof_spend SEMI JOIN baskets USING (account_id, spent_on)
    WHERE spent_on >= (SELECT spent_on FROM first_day)
)"""
"""The first day is asked for once more, since it is read off the blocks of the table; a join reads every line."""

TOGETHER = f"""
WITH counted AS (
    SELECT days.spent_on, sum(count(*)) OVER (ORDER BY days.spent_on DESC) AS n_since
    FROM core_purchase_days AS days CROSS JOIN core_week
    WHERE days.spent_on >= date_add(core_week.as_of_on, -365)
    GROUP BY days.spent_on
),
first_day AS (
    SELECT coalesce(max(CASE WHEN n_since >= $1 THEN spent_on END), min(spent_on)) AS spent_on FROM counted
),
baskets AS (
    SELECT account_id, spent_on
    FROM core_purchase_days
    WHERE spent_on >= (SELECT spent_on FROM first_day)
    ORDER BY spent_on DESC, account_id
    LIMIT $1
),
{purchase_lines(_BASKET_LINES)},
held AS (
    SELECT lines.account_id, lines.spent_on, coalesce(lines.product_id, lines.category) AS item,
        max(lines.category) AS category, max(lines.product_id) AS product_id, median(lines.quantity) AS quantity,
        sum(lines.base_amount) AS amount, count(*) OVER (PARTITION BY lines.account_id, lines.spent_on) AS n_items
    FROM purchase_lines AS lines
    WHERE coalesce(lines.product_id, lines.category) IS NOT NULL
    GROUP BY lines.account_id, lines.spent_on, coalesce(lines.product_id, lines.category)
),
singles AS (
    SELECT item, max(category) AS category, max(product_id) AS product_id, count(*) AS n_baskets,
        median(quantity) AS usual_quantity, median(amount) AS usual_amount
    FROM held GROUP BY item
),
pairs AS (
    SELECT here.item, other.item AS other_item, count(*) AS n_together, count(DISTINCT here.account_id) AS n_accounts
    FROM held AS here
    INNER JOIN held AS other
        ON here.account_id = other.account_id AND here.spent_on = other.spent_on AND here.item <> other.item
    WHERE here.n_items BETWEEN 2 AND 25
    GROUP BY here.item, other.item
)
SELECT pairs.item, pairs.other_item, singles.product_id, coalesce(singles.category, products.category) AS category,
    singles.usual_quantity, singles.usual_amount, {_PRODUCT}, pairs.n_together,
    round(pairs.n_together * CAST((SELECT count(*) FROM baskets) AS DOUBLE) / (owners.n_baskets * singles.n_baskets), 2) AS lift
FROM pairs
CROSS JOIN core_week
INNER JOIN singles AS owners ON pairs.item = owners.item
INNER JOIN singles ON pairs.other_item = singles.item
LEFT JOIN asof_products AS products ON singles.product_id = products.product_id
WHERE pairs.n_together >= $2 AND pairs.n_accounts >= $3
    AND pairs.n_together * CAST((SELECT count(*) FROM baskets) AS DOUBLE) >= $4 * owners.n_baskets * singles.n_baskets
ORDER BY pairs.item, lift DESC, pairs.other_item
"""
"""Items bought on the same day by the same account more often than by chance, over the newest purchase days of a year.
`$1` is how many of them (`NEWEST_BASKETS`), the others are the least support of a pair (`purchase_plan`). Days with more than 25
items are left out: there everything goes with everything.

Lift is the number of days with both, times all days, over the product of the days with each (Brin et al. 1997).
"""
