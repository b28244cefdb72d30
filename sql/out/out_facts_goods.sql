-- The product that each listed account bought most often (on most lines that count, the last bought first among equals), and the
-- day on which it arrives where none is in stock.
WITH bought AS (
    SELECT
        assignments.row_key,
        spend.product_id,
        count(*) AS n_lines,
        max(spend.spent_on) AS last_on
    FROM plan_assignments AS assignments
    CROSS JOIN core_week
    INNER JOIN asof_spend AS spend ON assignments.account_id = spend.account_id
    WHERE
        assignments.assignment <> 'holdout'
        AND spend.product_id IS NOT NULL
        AND core_week.value_kinds LIKE concat('%;', spend.kind, ';%')
    GROUP BY assignments.row_key, spend.product_id
),

ranked AS (
    SELECT
        row_key,
        product_id,
        row_number() OVER (PARTITION BY row_key ORDER BY n_lines DESC, last_on DESC, product_id) AS product_rank
    FROM bought
)

SELECT
    ranked.row_key,
    ranked.product_id,
    products.product_name,
    CASE WHEN products.stock_quantity = 0 AND products.arrives_on >= core_week.as_of_on THEN products.arrives_on END AS arrives_on
FROM ranked
CROSS JOIN core_week
INNER JOIN asof_products AS products ON ranked.product_id = products.product_id
WHERE ranked.product_rank = 1
