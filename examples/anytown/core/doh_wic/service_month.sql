-- Months of the years in which a person was certified; WIC reports years only, so every
-- month of a year counts.
SELECT DISTINCT
    s.person_key,
    unnest(generate_series(make_date(p.year, 1, 1), make_date(p.year, 12, 1), INTERVAL 1 MONTH))::DATE AS month,
    NULL AS county,
    NULL AS cost
FROM current.doh_wic__participant AS p
JOIN spine AS s ON s.record_key = p.record_key
WHERE p.year IS NOT NULL
