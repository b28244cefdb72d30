-- Every offer as it stands in the week: what one redemption costs before the sponsor's share, what is left of its budget, and why
-- nobody can be given it, if so. It must hold on every day of the week.
-- Cost: fixed_amount plus purchase_share x the account's usual purchase. Budget left: the budget less what was redeemed since the
-- offer began (an account's lines of one day are one redemption) and less what may still be redeemed: offers given within the
-- horizon, neither redeemed nor refused, count in full, so that the budget holds even if all of them are. Both are reckoned at our
-- share of today's cost. A row that came back as not worked gave nothing.
WITH rated AS (
    SELECT
        offers.offer_id,
        offers.offer_name,
        offers.kind AS offer_kind,
        kinds.is_price_offer,
        kinds.cost_basis,
        kinds.offer_minutes,
        kinds.is_sized,
        kinds.needs_interest,
        kinds.needs_points,
        offers.amount AS offer_amount,
        offers.discount_share,
        offers.points,
        offers.product_id,
        coalesce(offers.category, products.category) AS category,
        products.product_name,
        products.stock_quantity,
        products.arrives_on,
        coalesce(offers.sponsor, products.sponsor) AS sponsor,
        coalesce(offers.subsidy_share, 0) AS subsidy_share,
        offers.budget_amount,
        offers.segment,
        offers.min_value_amount,
        coalesce(offers.cooldown_days, core_week.cooldown_days) AS cooldown_days,
        offers.reason_codes,
        offers.offer_starts_on,
        offers.offer_ends_on,
        CASE
            WHEN kinds.cost_basis IN ('amount', 'share_and_amount') THEN CAST(offers.amount AS DOUBLE)
            WHEN kinds.cost_basis = 'share' THEN 0
            WHEN kinds.cost_basis = 'amount_or_nothing' THEN coalesce(CAST(offers.amount AS DOUBLE), 0)
            WHEN kinds.cost_basis = 'points_or_amount'
                THEN coalesce(offers.points * CAST(kinds.point_value_amount AS DOUBLE), CAST(offers.amount AS DOUBLE))
            WHEN kinds.cost_basis = 'amount_or_share'
                THEN
                    coalesce(CAST(offers.amount AS DOUBLE), CASE WHEN offers.discount_share IS NOT NULL THEN 0 END)
            WHEN kinds.cost_basis = 'amount_or_product'
                THEN
                    coalesce(
                        CAST(offers.amount AS DOUBLE),
                        CASE
                            WHEN coalesce(products.currency, core_week.base_currency) = core_week.base_currency
                                THEN
                                    CAST(products.unit_price_amount AS DOUBLE)
                                    * CAST(coalesce(products.min_order_quantity, 1) AS DOUBLE)
                        END
                    )
        END AS fixed_amount,
        CASE
            WHEN kinds.cost_basis IN ('share', 'share_and_amount') THEN offers.discount_share
            WHEN kinds.cost_basis = 'amount_or_share' AND offers.amount IS NULL THEN offers.discount_share
            ELSE 0
        END AS purchase_share
    FROM asof_offers AS offers
    CROSS JOIN core_week
    LEFT JOIN core_offer_kinds AS kinds ON offers.kind = kinds.offer_kind
    LEFT JOIN asof_products AS products ON offers.product_id = products.product_id
),

redeemed AS (
    SELECT DISTINCT
        spend.offer_id,
        spend.account_id,
        spend.spent_on
    FROM asof_spend AS spend
    INNER JOIN rated ON spend.offer_id = rated.offer_id
    WHERE spend.kind <> 'refund' AND coalesce(spend.spent_on >= rated.offer_starts_on, true)
),

reserved AS (
    SELECT
        treatments.offer_id,
        treatments.account_id
    FROM core_treatments AS treatments
    LEFT JOIN redeemed
        ON
            treatments.offer_id = redeemed.offer_id
            AND treatments.account_id = redeemed.account_id
            AND treatments.week_on <= redeemed.spent_on
    WHERE
        treatments.assignment <> 'holdout'
        AND NOT treatments.is_settled
        AND coalesce(treatments.result, '') NOT IN ('not_worked', 'refused', 'closed_business', 'do_not_contact')
        AND redeemed.account_id IS NULL
),

uses AS (
    SELECT
        offer_id,
        account_id,
        1 AS n_redeemed,
        0 AS n_reserved
    FROM redeemed
    UNION ALL
    SELECT
        offer_id,
        account_id,
        0 AS n_redeemed,
        1 AS n_reserved
    FROM reserved
),

sums AS (
    SELECT
        uses.offer_id,
        CAST(sum(uses.n_redeemed) AS BIGINT) AS n_redeemed,
        CAST(sum(uses.n_reserved) AS BIGINT) AS n_reserved,
        CAST(sum(uses.n_redeemed * coalesce(accounts.trimmed_amount, 0)) AS DOUBLE) AS redeemed_purchases_amount,
        CAST(sum(uses.n_reserved * coalesce(accounts.trimmed_amount, 0)) AS DOUBLE) AS reserved_purchases_amount
    FROM uses
    LEFT JOIN core_accounts_week AS accounts ON uses.account_id = accounts.account_id
    GROUP BY uses.offer_id
),

spent AS (
    SELECT
        rated.offer_id,
        coalesce(sums.n_redeemed, 0) AS n_redeemed,
        coalesce(sums.n_reserved, 0) AS n_reserved,
        coalesce(
            round(
                (sums.n_redeemed * rated.fixed_amount + sums.redeemed_purchases_amount * rated.purchase_share)
                * (1 - rated.subsidy_share),
                2
            ),
            0
        ) AS redeemed_cost_amount,
        coalesce(
            round(
                (sums.n_reserved * rated.fixed_amount + sums.reserved_purchases_amount * rated.purchase_share)
                * (1 - rated.subsidy_share),
                2
            ),
            0
        ) AS reserved_cost_amount
    FROM rated
    LEFT JOIN sums ON rated.offer_id = sums.offer_id
)

SELECT
    rated.offer_id,
    core_week.as_of_on,
    rated.offer_name,
    rated.offer_kind,
    coalesce(rated.is_price_offer, false) AS is_price_offer,
    coalesce(rated.offer_minutes, 0) AS offer_minutes,
    coalesce(rated.is_sized, false) AS is_sized,
    coalesce(rated.needs_interest, false) AS needs_interest,
    coalesce(rated.needs_points, false) AS needs_points,
    rated.offer_amount,
    rated.discount_share,
    rated.points,
    rated.product_id,
    rated.product_name,
    rated.category,
    CASE WHEN coalesce(rated.stock_quantity, 1) <= 0 THEN rated.arrives_on END AS arrives_on,
    rated.sponsor,
    rated.subsidy_share,
    rated.segment,
    rated.min_value_amount,
    rated.cooldown_days,
    rated.reason_codes,
    rated.offer_starts_on,
    rated.offer_ends_on,
    CAST(round(rated.fixed_amount, 2) AS DECIMAL(18, 4)) AS fixed_amount,
    rated.purchase_share,
    rated.budget_amount,
    spent.n_redeemed,
    spent.n_reserved,
    CAST(spent.redeemed_cost_amount AS DECIMAL(18, 4)) AS redeemed_cost_amount,
    CAST(spent.reserved_cost_amount AS DECIMAL(18, 4)) AS reserved_cost_amount,
    CASE
        WHEN rated.budget_amount IS NOT NULL
            THEN
                CAST(
                    round(
                        greatest(
                            CAST(rated.budget_amount AS DOUBLE) - spent.redeemed_cost_amount - spent.reserved_cost_amount, 0
                        ),
                        2
                    ) AS DECIMAL(18, 4)
                )
    END AS budget_left_amount,
    CASE
        WHEN rated.cost_basis IS NULL THEN 'no_play'
        WHEN rated.offer_starts_on > core_week.as_of_on THEN 'not_started'
        WHEN rated.offer_ends_on < date_add(core_week.as_of_on, 6) THEN 'ended'
        WHEN rated.fixed_amount IS NULL THEN 'no_amount'
        WHEN rated.purchase_share IS NULL THEN 'no_share'
        WHEN
            rated.cost_basis = 'amount_or_product' AND rated.stock_quantity <= 0
            AND coalesce(rated.arrives_on > date_add(core_week.as_of_on, CAST(core_week.horizon_days AS INTEGER)), true)
            THEN 'out_of_stock'
    END AS offer_cause
FROM rated
CROSS JOIN core_week
INNER JOIN spent ON rated.offer_id = spent.offer_id
