"""SELECTs of growth on the manager's page: by category, by time, by area.

Belongs here: counted spend of the last 91 days beside the 91 before and, where the log reaches back that far, the same 91 a year
earlier (364 days, so that weekdays match). Does not belong here: the other sections (`manager_sql`).
"""

from __future__ import annotations

from winback.sheet.purchase_lines import purchase_lines

TOP_GROUPS = 15
"""Most groups of a section, the largest first."""

GROWTH_CELLS = f"""
WITH {purchase_lines("(SELECT * FROM asof_spend WHERE spent_on >= (SELECT date_add(as_of_on, -455) FROM core_week))")},
dated AS (
    SELECT coalesce(accounts.area, accounts.region) AS area, lines.category, lines.spent_on, lines.spent_at, lines.base_amount,
        datediff('day', lines.spent_on, core_week.as_of_on) AS age_days
    FROM purchase_lines AS lines
    CROSS JOIN core_week
    LEFT JOIN asof_accounts AS accounts USING (account_id)
)
SELECT area, category, isodow(spent_on) AS weekday, CAST(floor(hour(spent_at) / 3) * 3 AS INTEGER) AS from_hour,
    count(*) AS n_lines, count(spent_at) AS n_timed_lines,
    sum(CASE WHEN age_days <= 91 THEN base_amount ELSE 0 END) AS amount,
    sum(CASE WHEN age_days > 91 AND age_days <= 182 THEN base_amount ELSE 0 END) AS before_amount,
    sum(CASE WHEN age_days > 364 THEN base_amount ELSE 0 END) AS year_before_amount
FROM dated
GROUP BY ALL
"""
"""Amounts of the three windows by all that the sections tell apart, kept as `_growth_cells` while they are read."""

_SUMS = "sum(amount) AS amount, sum(before_amount) AS before_amount, sum(year_before_amount) AS year_before_amount"

_GROWTH = """
SELECT group_name, amount, before_amount,
    CASE WHEN before_amount > 0 THEN round(CAST(amount AS DOUBLE) / CAST(before_amount AS DOUBLE) - 1, 6) END AS growth_share,
    CASE WHEN year_before_amount > 0
        AND (SELECT min(spent_on) FROM asof_spend) <= (SELECT date_add(as_of_on, -455) FROM core_week)
        THEN round(CAST(amount AS DOUBLE) / CAST(year_before_amount AS DOUBLE) - 1, 6) END AS year_growth_share
FROM grown
WHERE amount > 0 OR before_amount > 0
"""

GROWTH_CATEGORY = f"""
WITH grown AS (SELECT category AS group_name, {_SUMS} FROM _growth_cells WHERE category IS NOT NULL GROUP BY category)
{_GROWTH} ORDER BY amount DESC, group_name LIMIT {TOP_GROUPS}
"""

GROWTH_TIME = f"""
WITH timed AS (
    SELECT *, (SELECT sum(n_timed_lines) * 2 > sum(n_lines) FROM _growth_cells) AS has_times FROM _growth_cells
),
grown AS (
    SELECT CASE WHEN has_times THEN concat(lpad(CAST(from_hour AS VARCHAR), 2, '0'), ':00')
        ELSE concat('weekday_', CAST(weekday AS VARCHAR)) END AS group_name, {_SUMS}
    FROM timed WHERE NOT has_times OR from_hour IS NOT NULL
    GROUP BY 1
)
{_GROWTH} ORDER BY group_name
"""

GROWTH_AREA = f"""
WITH grown AS (SELECT area AS group_name, {_SUMS} FROM _growth_cells WHERE area IS NOT NULL GROUP BY area)
{_GROWTH} ORDER BY amount DESC, group_name LIMIT {TOP_GROUPS}
"""
