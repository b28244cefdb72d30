-- P(return untouched within the horizon) of every lapsed account, from the curve of its cycle group at its own silence.
-- A silence longer than the curve reaches gets the curve's last value and says so.
WITH reach AS (
    SELECT
        cycle_group,
        max(silence_days) AS last_silence_days
    FROM model_return_time
    GROUP BY cycle_group
)

SELECT
    lapses.account_id,
    lapses.as_of_on,
    model.horizon_days,
    model.prob,
    model.low,
    model.high,
    model.model_level,
    model.interval_method,
    CASE
        WHEN lapses.silence_days <= reach.last_silence_days THEN model.usage_warning
        WHEN model.usage_warning IS NULL THEN 'extrapolated'
        ELSE concat(model.usage_warning, ';extrapolated')
    END AS usage_warning
FROM core_lapses AS lapses
INNER JOIN reach ON lapses.cycle_group = reach.cycle_group
INNER JOIN model_return_time AS model
    ON
        lapses.cycle_group = model.cycle_group
        AND least(lapses.silence_days, reach.last_silence_days) = model.silence_days
