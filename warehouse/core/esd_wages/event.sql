-- Covered wages (dollars) and hours of a person in a quarter, all employers together,
-- dated on the quarter's last day.
WITH quarter AS (
    SELECT s.person_key, last_day(w.reporting_period) AS event_date, sum(w.ui_total_wages) AS wages,
        sum(w.hours_worked) AS hours
    FROM current.esd_wages__wage AS w
    JOIN spine AS s ON s.record_key = w.record_key
    GROUP BY s.person_key, last_day(w.reporting_period)
)
SELECT person_key, event_date, 'wages' AS event_type, wages AS value, NULL AS detail
FROM quarter
UNION ALL
SELECT person_key, event_date, 'hours' AS event_type, hours AS value, NULL AS detail
FROM quarter
WHERE hours IS NOT NULL
