"""Counted purchase lines, as the sheets and the manager's page read them.

Belongs here: the one SELECT of them, of those lines that are asked for. Does not belong here: what is made of them
(`lists_sql`, `plan_sql`, `winback.pages.growth_sql`).
"""

from __future__ import annotations


def purchase_lines(spend: str) -> str:
    """SQL of the CTEs `rates` and `purchase_lines`: counted purchase lines in base currency, before refunds; an unpaid line is none
    (as in `core_purchase_cycles`). `spend` is the SQL of the rows of `asof_spend` to choose from: the fewer, the faster."""
    return _PURCHASE_LINES.replace("$spend", spend)


_PURCHASE_LINES = """
rates AS (
    SELECT currency, rate, rate_on AS from_on, lead(rate_on) OVER (PARTITION BY currency ORDER BY rate_on) AS to_on
    FROM asof_fx_rates
),
purchase_lines AS (
    SELECT spend.account_id, spend.spent_on, spend.spent_at, spend.category, spend.product_id, spend.quantity,
        CASE
            WHEN rates.rate IS NULL THEN spend.amount
            ELSE CAST(CAST(spend.amount AS DECIMAL(19, 4)) * rates.rate AS DECIMAL(18, 4))
        END AS base_amount
    FROM $spend AS spend
    CROSS JOIN core_week
    LEFT JOIN rates
        ON spend.currency = rates.currency AND spend.currency <> core_week.base_currency
            AND spend.spent_on >= rates.from_on AND (rates.to_on IS NULL OR spend.spent_on < rates.to_on)
    WHERE core_week.value_kinds LIKE concat('%;', spend.kind, ';%')
        AND NOT (
            coalesce(spend.due_on < core_week.as_of_on, false)
            AND coalesce(spend.paid_on >= core_week.as_of_on, true)
            AND spend.paid_through_on IS NULL
        )
)
"""

WANTED_LINES = f"""
WITH {purchase_lines("(SELECT * FROM asof_spend SEMI JOIN _wanted USING (account_id))")}
SELECT * FROM purchase_lines
"""
"""Those of the accounts of `_wanted`, kept as `_wanted_lines` while sheets are put together."""
