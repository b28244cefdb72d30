-- Every account that may be contacted and every offer of a kind that its play brings, with what it would cost and the one rule that
-- forbids it, if any. That the offer answers the account's reason is told and is no rule.
-- Cooldown runs over all offers: one given (or redeemed) forbids every other one for its own days, and the next one asks for its own
-- days since the last. Only the first offer of a lapse is sized by potential; after that the smallest has to do.
-- Price cuts come last for accounts that depend on discounts: half of their lines or purchase days in a year had one, or some had and
-- half of their regular categories have moved elsewhere.
WITH given AS (
    SELECT
        account_id,
        offer_id,
        week_on AS given_on
    FROM core_treatments
    WHERE offer_id IS NOT NULL AND assignment <> 'holdout' AND coalesce(result, '') <> 'not_worked'
    UNION ALL
    SELECT
        account_id,
        offer_id,
        spent_on AS given_on
    FROM asof_spend
    WHERE offer_id IS NOT NULL AND kind <> 'refund'
),

last_given AS (
    SELECT
        given.account_id,
        max(given.given_on) AS last_offer_on,
        max(date_add(given.given_on, CAST(coalesce(offers.cooldown_days, core_week.cooldown_days) AS INTEGER))) AS free_from_on
    FROM given
    CROSS JOIN core_week
    LEFT JOIN core_offers_week AS offers ON given.offer_id = offers.offer_id
    GROUP BY given.account_id
),

interests AS (
    SELECT
        touchpoints.account_id,
        touchpoints.product_id,
        products.category
    FROM asof_touchpoints AS touchpoints
    LEFT JOIN asof_products AS products ON touchpoints.product_id = products.product_id
    WHERE touchpoints.product_id IS NOT NULL
    UNION
    SELECT
        account_id,
        CAST(NULL AS VARCHAR) AS product_id,
        CAST(NULL AS VARCHAR) AS category
    FROM score_mentions
    WHERE mention_kind = 'interest'
),

interested AS (
    SELECT DISTINCT
        interests.account_id,
        offers.offer_id
    FROM interests
    INNER JOIN core_offers_week AS offers
        ON
            offers.needs_interest
            AND (
                offers.product_id IS NULL AND offers.category IS NULL
                OR offers.product_id = interests.product_id
                OR offers.product_id IS NULL AND offers.category = interests.category
            )
),

accounts AS (
    SELECT
        candidates.account_id,
        candidates.as_of_on,
        lapses.business_kind,
        lapses.year_amount,
        CAST(lapses.trimmed_amount AS DOUBLE) AS usual_amount,
        choices.play_id,
        choices.play_code,
        loyalty.points_balance,
        CASE WHEN last_given.last_offer_on >= lapses.lapsed_on THEN 1 ELSE coalesce(sizes.size_step, 1) END AS size_step,
        coalesce(
            loyalty.discount_line_share >= 0.5
            OR loyalty.discount_only_share >= 0.5
            OR loyalty.discount_line_share > 0 AND loyalty.shrinking_category_share >= 0.5,
            false
        ) AS is_price_last,
        last_given.last_offer_on,
        last_given.free_from_on
    FROM plan_candidates AS candidates
    INNER JOIN core_lapses AS lapses ON candidates.account_id = lapses.account_id
    LEFT JOIN score_reasons AS reasons ON candidates.account_id = reasons.account_id
    INNER JOIN core_play_choice AS choices
        ON
            coalesce(reasons.likeliest_code, '-') = choices.likeliest_code
            AND coalesce(reasons.reason_tier, '-') = choices.reason_tier
            AND coalesce(reasons.is_abstained, false) = choices.is_abstained
    LEFT JOIN feat_loyalty AS loyalty ON candidates.account_id = loyalty.account_id
    LEFT JOIN core_offer_sizes AS sizes ON loyalty.loyalty_cell = sizes.loyalty_cell
    LEFT JOIN last_given ON candidates.account_id = last_given.account_id
    WHERE candidates.cause IS NULL
),

costed AS (
    SELECT
        accounts.*,
        offers.offer_id,
        offers.offer_kind,
        play_offers.kind_order,
        offers.is_price_offer,
        offers.is_sized,
        offers.offer_minutes,
        offers.needs_interest,
        offers.needs_points,
        offers.segment,
        offers.min_value_amount,
        offers.cooldown_days,
        offers.reason_codes,
        offers.budget_left_amount,
        offers.offer_cause,
        CAST(offers.fixed_amount AS DOUBLE) + offers.purchase_share * accounts.usual_amount AS worth,
        offers.subsidy_share
    FROM accounts
    INNER JOIN core_play_offers AS play_offers ON accounts.play_id = play_offers.play_id
    INNER JOIN core_offers_week AS offers ON play_offers.offer_kind = offers.offer_kind
)

SELECT
    costed.account_id,
    costed.offer_id,
    costed.as_of_on,
    costed.play_id,
    costed.offer_kind,
    costed.kind_order,
    costed.is_price_offer,
    costed.is_sized,
    costed.is_price_last,
    CAST(costed.size_step AS BIGINT) AS size_step,
    costed.offer_minutes,
    coalesce(
        concat(';', replace(costed.reason_codes, ' ', ''), ';') LIKE concat('%;', costed.play_code, ';%')
        OR concat(';', replace(costed.reason_codes, ' ', ''), ';') LIKE concat('%;', substr(costed.play_code, 1, 1), ';%'),
        false
    ) AS is_reason_matched,
    CAST(round(costed.worth, 2) AS DECIMAL(18, 4)) AS worth_amount,
    CAST(round(costed.worth * (1 - costed.subsidy_share), 2) AS DECIMAL(18, 4)) AS offer_cost_amount,
    costed.budget_left_amount,
    CASE
        WHEN costed.offer_cause IS NOT NULL THEN costed.offer_cause
        WHEN costed.segment <> costed.business_kind THEN 'other_segment'
        WHEN costed.year_amount < costed.min_value_amount THEN 'below_min_value'
        WHEN costed.free_from_on > costed.as_of_on THEN 'cooldown'
        WHEN date_add(costed.last_offer_on, CAST(costed.cooldown_days AS INTEGER)) > costed.as_of_on THEN 'cooldown'
        WHEN costed.needs_interest AND interested.account_id IS NULL THEN 'no_interest'
        WHEN costed.needs_points AND costed.points_balance IS NULL THEN 'no_points'
        WHEN round(costed.worth * (1 - costed.subsidy_share), 2) > costed.budget_left_amount THEN 'over_budget'
    END AS offer_cause
FROM costed
LEFT JOIN interested ON costed.account_id = interested.account_id AND costed.offer_id = interested.offer_id
