-- A student's month with at least one day enrolled.
SELECT DISTINCT s.person_key, a.month, NULL AS county, NULL AS cost
FROM current.ospi_k12__attendance AS a
JOIN spine AS s ON s.record_key = a.record_key
WHERE a.days_enrolled > 0
