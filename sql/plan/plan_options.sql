-- What can be done for each account that may be contacted: the play of its reason without an offer and with at most two, and, where
-- that is another play, asking for the reason without an offer. Where no reason is sure enough, asking is what the rules take, and the
-- play of the likeliest reason, in its asking words, is the other way.
-- Of the offers of one kind those that cost more and are worth no more to the account are left out, and the one whose size fits the
-- account's potential stays. The play says the order of kinds. The second offer is the best of the other sort (one cuts the price, one
-- does not) where there is one; accounts that depend on discounts keep to the order, with price cuts last.
-- By rule the first offer is made where the reason may be said outright; else, and where the play holds offers back, none.
-- Where our contacts have used up the cap of the reason's play, nothing is done: asking would be one more contact.
-- next_offer_id and its gap tell the offer of the following arm and what it costs more (or less).
WITH fits AS (
    SELECT * FROM plan_offer_fits WHERE offer_cause IS NULL
),

compared AS (
    SELECT
        *,
        min(offer_cost_amount) OVER (
            PARTITION BY account_id, offer_kind
            ORDER BY worth_amount DESC, offer_cost_amount, offer_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS larger_cost_amount
    FROM fits
),

sizes AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account_id, offer_kind ORDER BY offer_cost_amount, offer_id) AS size_no,
        count(*) OVER (PARTITION BY account_id, offer_kind) AS n_sizes
    FROM compared
    WHERE larger_cost_amount IS NULL OR larger_cost_amount > offer_cost_amount
),

ordered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY account_id
            ORDER BY CASE WHEN is_price_last AND is_price_offer THEN 1 ELSE 0 END, kind_order, offer_id
        ) AS pick_no
    FROM sizes
    WHERE size_no = CASE WHEN is_sized THEN 1 + floor((size_step - 1) * (n_sizes - 1) / 2) ELSE 1 END
),

firsts AS (
    SELECT
        account_id,
        is_price_offer AS is_first_price_offer
    FROM ordered
    WHERE pick_no = 1
),

picked AS (
    SELECT
        ordered.*,
        row_number() OVER (
            PARTITION BY ordered.account_id
            ORDER BY
                CASE WHEN ordered.pick_no = 1 THEN 0 ELSE 1 END,
                CASE WHEN NOT ordered.is_price_last AND ordered.is_price_offer = firsts.is_first_price_offer THEN 1 ELSE 0 END,
                ordered.pick_no
        ) AS offer_no
    FROM ordered
    INNER JOIN firsts ON ordered.account_id = firsts.account_id
),

contacts AS (
    SELECT
        account_id,
        touched_on
    FROM asof_touchpoints
    WHERE direction = 'out'
    UNION
    SELECT
        account_id,
        touched_on
    FROM core_touches
),

used_up AS (
    SELECT
        contacts.account_id,
        plays.play_id
    FROM contacts
    CROSS JOIN core_week
    CROSS JOIN core_plays AS plays
    WHERE datediff('day', contacts.touched_on, core_week.as_of_on) <= plays.contact_cap_days
    GROUP BY contacts.account_id, plays.play_id, plays.contact_cap
    HAVING count(*) >= plays.contact_cap
),

chosen AS (
    SELECT
        candidates.account_id,
        candidates.as_of_on,
        choices.play_id,
        choices.is_outright,
        choices.is_outright AND NOT choices.is_offer_held_back AS has_rule_offer
    FROM plan_candidates AS candidates
    LEFT JOIN score_reasons AS reasons ON candidates.account_id = reasons.account_id
    INNER JOIN core_play_choice AS choices
        ON
            coalesce(reasons.likeliest_code, '-') = choices.likeliest_code
            AND coalesce(reasons.reason_tier, '-') = choices.reason_tier
            AND coalesce(reasons.is_abstained, false) = choices.is_abstained
    LEFT JOIN used_up ON candidates.account_id = used_up.account_id AND choices.play_id = used_up.play_id
    WHERE candidates.cause IS NULL AND used_up.account_id IS NULL
),

asking AS (
    SELECT play_id FROM core_play_choice WHERE likeliest_code = '-'
),

asked AS (
    SELECT
        chosen.account_id,
        chosen.as_of_on,
        4 AS arm_no,
        asking.play_id
    FROM chosen
    CROSS JOIN asking
    WHERE chosen.play_id <> asking.play_id
    UNION ALL
    SELECT
        chosen.account_id,
        chosen.as_of_on,
        5 AS arm_no,
        likeliest.play_id
    FROM chosen
    INNER JOIN score_reasons AS reasons ON chosen.account_id = reasons.account_id AND reasons.is_abstained
    INNER JOIN core_play_choice AS likeliest
        ON
            reasons.likeliest_code = likeliest.likeliest_code
            AND reasons.reason_tier = likeliest.reason_tier
            AND NOT likeliest.is_abstained
    WHERE likeliest.play_id <> chosen.play_id
),

arms AS (
    SELECT
        chosen.account_id,
        chosen.as_of_on,
        1 AS arm_no,
        chosen.play_id,
        CAST(NULL AS VARCHAR) AS offer_id,
        CASE WHEN chosen.has_rule_offer THEN firsts.account_id IS NULL ELSE true END AS is_rule_choice,
        0 AS offer_minutes,
        CAST(NULL AS VARCHAR) AS offer_kind,
        CAST(0 AS DECIMAL(18, 4)) AS offer_cost_amount,
        CAST(NULL AS DECIMAL(18, 4)) AS budget_amount,
        false AS is_reason_matched,
        false AS is_price_offer,
        chosen.is_outright
    FROM chosen
    LEFT JOIN firsts ON chosen.account_id = firsts.account_id
    UNION ALL
    SELECT
        chosen.account_id,
        chosen.as_of_on,
        1 + picked.offer_no AS arm_no,
        chosen.play_id,
        picked.offer_id,
        chosen.has_rule_offer AND picked.offer_no = 1 AS is_rule_choice,
        picked.offer_minutes,
        picked.offer_kind,
        picked.offer_cost_amount,
        picked.budget_left_amount AS budget_amount,
        picked.is_reason_matched,
        picked.is_price_offer,
        chosen.is_outright
    FROM chosen
    INNER JOIN picked ON chosen.account_id = picked.account_id AND picked.offer_no <= 2
    UNION ALL
    SELECT
        account_id,
        as_of_on,
        arm_no,
        play_id,
        CAST(NULL AS VARCHAR) AS offer_id,
        false AS is_rule_choice,
        0 AS offer_minutes,
        CAST(NULL AS VARCHAR) AS offer_kind,
        CAST(0 AS DECIMAL(18, 4)) AS offer_cost_amount,
        CAST(NULL AS DECIMAL(18, 4)) AS budget_amount,
        false AS is_reason_matched,
        false AS is_price_offer,
        false AS is_outright
    FROM asked
)

SELECT
    arms.account_id,
    arms.as_of_on,
    CAST(row_number() OVER (PARTITION BY arms.account_id ORDER BY arms.arm_no) AS BIGINT) AS arm_no,
    arms.play_id,
    arms.offer_id,
    arms.is_rule_choice,
    CAST(plays.minutes + arms.offer_minutes AS BIGINT) AS minutes,
    plays.lane,
    plays.play_channel,
    arms.offer_kind,
    arms.offer_cost_amount,
    arms.budget_amount,
    arms.is_reason_matched,
    arms.is_price_offer,
    arms.is_outright,
    lead(arms.offer_id) OVER (PARTITION BY arms.account_id ORDER BY arms.arm_no) AS next_offer_id,
    CASE
        WHEN lead(arms.offer_id) OVER (PARTITION BY arms.account_id ORDER BY arms.arm_no) IS NOT NULL
            THEN
                CAST(
                    lead(arms.offer_cost_amount) OVER (PARTITION BY arms.account_id ORDER BY arms.arm_no) - arms.offer_cost_amount
                    AS DECIMAL(18, 4)
                )
    END AS offer_gap_amount
FROM arms
INNER JOIN core_plays AS plays ON arms.play_id = plays.play_id
