-- What a sponsor is told of the offers it pays for, without anybody who could be told from it: assignments of finished quarters whose
-- horizon has passed, so that the reports of two weeks do not differ by the few accounts of the week between them.
-- A kind of business with fewer than five accounts goes into 'other'. If 'other' has fewer than five, the smallest group shown joins
-- it, since the sponsor knows its own total and would find the rest by subtraction. An offer with fewer than five is not told at all.
-- An account counts once a quarter and offer, with the first row that was worked. Redeemed: a spend line with the offer within the
-- horizon. Cost is that of one redemption by the terms of the week, split by the sponsor's share.
WITH ranked AS (
    SELECT
        offers.sponsor,
        treatments.offer_id,
        CAST(date_trunc('quarter', treatments.week_on) AS DATE) AS quarter_on,
        CASE WHEN accounts.business_kind = 'other' THEN '-' ELSE coalesce(accounts.business_kind, '-') END AS business_kind,
        treatments.account_id,
        treatments.week_on,
        treatments.has_returned,
        treatments.horizon_amount,
        CAST(offers.fixed_amount AS DOUBLE) + offers.purchase_share * CAST(coalesce(week_accounts.trimmed_amount, 0) AS DOUBLE)
            AS worth,
        offers.subsidy_share,
        row_number() OVER (
            PARTITION BY treatments.offer_id, treatments.account_id, date_trunc('quarter', treatments.week_on)
            ORDER BY treatments.week_on, treatments.row_key
        ) AS given_no
    FROM core_treatments AS treatments
    CROSS JOIN core_week
    INNER JOIN core_offers_week AS offers ON treatments.offer_id = offers.offer_id
    LEFT JOIN asof_accounts AS accounts ON treatments.account_id = accounts.account_id
    LEFT JOIN core_accounts_week AS week_accounts ON treatments.account_id = week_accounts.account_id
    WHERE
        offers.sponsor IS NOT NULL
        AND treatments.assignment <> 'holdout'
        AND treatments.is_worked
        AND date_add(
            CAST(date_trunc('quarter', date_add(CAST(date_trunc('quarter', treatments.week_on) AS DATE), 95)) AS DATE),
            CAST(core_week.horizon_days AS INTEGER)
        ) <= core_week.as_of_on
),

given AS (
    SELECT * FROM ranked WHERE given_no = 1
),

redeemed AS (
    SELECT DISTINCT
        given.offer_id,
        given.account_id,
        given.quarter_on
    FROM given
    CROSS JOIN core_week
    INNER JOIN asof_spend AS spend
        ON
            given.account_id = spend.account_id
            AND given.offer_id = spend.offer_id
            AND spend.spent_on >= given.week_on
            AND spend.spent_on < date_add(given.week_on, CAST(core_week.horizon_days AS INTEGER))
            AND spend.kind <> 'refund'
),

groups AS (
    SELECT
        given.sponsor,
        given.offer_id,
        given.quarter_on,
        given.business_kind,
        count(*) AS n_accounts,
        sum(CASE WHEN given.has_returned THEN 1 ELSE 0 END) AS n_returned,
        sum(CASE WHEN redeemed.account_id IS NOT NULL THEN 1 ELSE 0 END) AS n_redeemed,
        sum(given.horizon_amount) AS horizon_amount,
        sum(CAST(CASE WHEN redeemed.account_id IS NOT NULL THEN round(given.worth, 2) ELSE 0 END AS DECIMAL(18, 4))) AS worth_amount,
        sum(
            CAST(
                CASE WHEN redeemed.account_id IS NOT NULL THEN round(given.worth * (1 - given.subsidy_share), 2) ELSE 0 END
                AS DECIMAL(18, 4)
            )
        ) AS offer_cost_amount
    FROM given
    LEFT JOIN redeemed
        ON
            given.offer_id = redeemed.offer_id
            AND given.account_id = redeemed.account_id
            AND given.quarter_on = redeemed.quarter_on
    GROUP BY given.sponsor, given.offer_id, given.quarter_on, given.business_kind
),

sized AS (
    SELECT
        *,
        business_kind = '-' OR n_accounts < 5 AS is_small,
        sum(CASE WHEN business_kind = '-' OR n_accounts < 5 THEN n_accounts ELSE 0 END)
            OVER (PARTITION BY sponsor, offer_id, quarter_on) AS n_small_accounts,
        row_number() OVER (
            PARTITION BY sponsor, offer_id, quarter_on
            ORDER BY CASE WHEN business_kind = '-' OR n_accounts < 5 THEN 1 ELSE 0 END, n_accounts, business_kind
        ) AS shown_no
    FROM groups
),

labelled AS (
    SELECT
        *,
        CASE
            WHEN is_small OR shown_no = 1 AND n_small_accounts BETWEEN 1 AND 4 THEN 'other'
            ELSE business_kind
        END AS shown_kind
    FROM sized
),

pooled AS (
    SELECT
        sponsor,
        offer_id,
        quarter_on,
        shown_kind AS business_kind,
        CAST(sum(n_accounts) AS BIGINT) AS n_accounts,
        CAST(sum(n_returned) AS BIGINT) AS n_returned,
        CAST(sum(n_redeemed) AS BIGINT) AS n_redeemed,
        CAST(sum(horizon_amount) AS DECIMAL(18, 4)) AS horizon_amount,
        CAST(sum(offer_cost_amount) AS DECIMAL(18, 4)) AS offer_cost_amount,
        CAST(sum(worth_amount) - sum(offer_cost_amount) AS DECIMAL(18, 4)) AS sponsor_cost_amount
    FROM labelled
    GROUP BY sponsor, offer_id, quarter_on, shown_kind
)

SELECT * FROM pooled WHERE n_accounts >= 5
