-- The offer of every listed row that makes one, with the facts that its words may name.
SELECT
    facts.row_key,
    facts.offer_id,
    facts.is_outright,
    offers.offer_kind,
    offers.offer_name,
    offers.offer_amount,
    offers.discount_share,
    offers.points,
    offers.product_name,
    offers.category,
    offers.arrives_on,
    offers.offer_ends_on
FROM out_facts AS facts
INNER JOIN core_offers_week AS offers ON facts.offer_id = offers.offer_id
