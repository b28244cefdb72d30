"""SELECTs of growth on the manager's page: by category, by time, by area.

Belongs here: counted spend of the last 91 days beside the 91 before and, where the log reaches back that far, the same 91 a year
earlier (364 days, so that weekdays match). Does not belong here: the other sections (`manager_sql`).
"""

from __future__ import annotations

from winback.sheet.lists_sql import PURCHASE_LINES

TOP_GROUPS = 15
"""Most groups of a section, the largest first."""

_WINDOWS = """
    sum(CASE WHEN spent_on >= date_add(as_of_on, -91) THEN base_amount ELSE 0 END) AS amount,
    sum(CASE WHEN spent_on < date_add(as_of_on, -91) AND spent_on >= date_add(as_of_on, -182) THEN base_amount ELSE 0 END)
        AS before_amount,
    sum(CASE WHEN spent_on < date_add(as_of_on, -364) AND spent_on >= date_add(as_of_on, -455) THEN base_amount ELSE 0 END)
        AS year_before_amount
"""

_GROWTH = """
SELECT group_name, amount, before_amount,
    CASE WHEN before_amount > 0 THEN round(CAST(amount AS DOUBLE) / CAST(before_amount AS DOUBLE) - 1, 6) END AS growth_share,
    CASE WHEN year_before_amount > 0 AND reaches_back
        THEN round(CAST(amount AS DOUBLE) / CAST(year_before_amount AS DOUBLE) - 1, 6) END AS year_growth_share
FROM grown
"""

_DATED = f"""
WITH {PURCHASE_LINES},
dated AS (
    SELECT purchase_lines.*, core_week.as_of_on,
        (SELECT min(spent_on) FROM purchase_lines) <= date_add(core_week.as_of_on, -455) AS reaches_back
    FROM purchase_lines CROSS JOIN core_week
    WHERE purchase_lines.spent_on >= date_add(core_week.as_of_on, -455)
)
"""

GROWTH_CATEGORY = f"""
{_DATED},
grown AS (SELECT category AS group_name, reaches_back, {_WINDOWS} FROM dated WHERE category IS NOT NULL GROUP BY 1, 2)
{_GROWTH} WHERE amount > 0 OR before_amount > 0 ORDER BY amount DESC, group_name LIMIT {TOP_GROUPS}
"""

GROWTH_TIME = f"""
{_DATED},
timed AS (
    SELECT *, (SELECT count(spent_at) * 2 > count(*) FROM dated) AS has_times FROM dated
),
grown AS (
    SELECT CASE WHEN has_times THEN concat(lpad(CAST(CAST(floor(hour(spent_at) / 3) * 3 AS INTEGER) AS VARCHAR), 2, '0'), ':00')
        ELSE concat('weekday_', CAST(isodow(spent_on) AS VARCHAR)) END AS group_name, reaches_back, {_WINDOWS}
    FROM timed WHERE NOT has_times OR spent_at IS NOT NULL
    GROUP BY 1, 2
)
{_GROWTH} WHERE amount > 0 OR before_amount > 0 ORDER BY group_name
"""

GROWTH_AREA = f"""
{_DATED},
grown AS (
    SELECT coalesce(accounts.area, accounts.region) AS group_name, reaches_back, {_WINDOWS}
    FROM dated INNER JOIN asof_accounts AS accounts USING (account_id)
    WHERE coalesce(accounts.area, accounts.region) IS NOT NULL
    GROUP BY 1, 2
)
{_GROWTH} WHERE amount > 0 OR before_amount > 0 ORDER BY amount DESC, group_name LIMIT {TOP_GROUPS}
"""
