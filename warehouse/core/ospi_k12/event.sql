-- Days enrolled and days absent of a student in a month, all schools together.
WITH attended AS (
    SELECT s.person_key, a.month, sum(a.days_enrolled) AS enrolled, sum(a.days_absent) AS absent
    FROM current.ospi_k12__attendance AS a
    JOIN spine AS s ON s.record_key = a.record_key
    GROUP BY s.person_key, a.month
)
SELECT person_key, month AS event_date, 'days_enrolled' AS event_type, enrolled AS value, NULL AS detail
FROM attended
UNION ALL
SELECT person_key, month AS event_date, 'days_absent' AS event_type, absent AS value, NULL AS detail
FROM attended
