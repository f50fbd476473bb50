-- Covered wages (dollars) of a person in a quarter, all employers together, dated on the
-- quarter's last day; `detail` has the hours.
SELECT
    s.person_key,
    last_day(w.reporting_period) AS event_date,
    'wages' AS event_type,
    sum(w.ui_total_wages) AS value,
    CAST(sum(w.hours_worked) AS VARCHAR) AS detail
FROM current.esd_wages__wage AS w
JOIN spine AS s ON s.record_key = w.record_key
GROUP BY s.person_key, last_day(w.reporting_period)
