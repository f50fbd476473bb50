-- Wages (dollars) of a person in a year, all employers and forms together, dated on its
-- last day.
SELECT
    s.person_key,
    make_date(w.tax_year, 12, 31) AS event_date,
    'wages' AS event_type,
    sum(w.wages) AS value,
    NULL AS detail
FROM current.esd_wages__wage AS w
JOIN spine AS s ON s.record_key = w.record_key
WHERE w.tax_year IS NOT NULL
GROUP BY s.person_key, w.tax_year
