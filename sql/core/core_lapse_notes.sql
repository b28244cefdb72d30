-- Notes that may tell why an account left: of lapsed accounts, from a while before the last counted spend until the as-of
-- Monday. Notices, inquiries and reminders are daily business; reminders and their answers count as behaviour.
-- A note written twice on one day counts once.
SELECT
    lapses.account_id,
    lapses.as_of_on,
    touchpoints.touched_on,
    touchpoints.note_text,
    min(touchpoints.touchpoint_id) AS touchpoint_id,
    min(coalesce(touchpoints.kind, 'other')) AS kind,
    datediff('day', lapses.lapsed_on, touchpoints.touched_on) AS after_lapse_days
FROM core_lapses AS lapses
INNER JOIN asof_touchpoints AS touchpoints ON lapses.account_id = touchpoints.account_id
CROSS JOIN core_week
WHERE
    touchpoints.note_text IS NOT NULL
    AND touchpoints.touched_on >= date_add(lapses.last_spend_on, CAST(-core_week.note_window_days AS INTEGER))
    AND coalesce(touchpoints.kind, 'other') NOT IN ('notice', 'inquiry', 'renewal_reminder')
GROUP BY
    lapses.account_id, lapses.as_of_on, lapses.lapsed_on, touchpoints.touched_on, touchpoints.note_text
