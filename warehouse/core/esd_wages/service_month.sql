-- A month in which a person was in covered employment, by the quarter's three marks.
WITH marked AS (
    SELECT record_key, (reporting_period - INTERVAL 2 MONTH)::DATE AS month
    FROM current.esd_wages__wage
    WHERE month1_employment = '1'
    UNION ALL
    SELECT record_key, (reporting_period - INTERVAL 1 MONTH)::DATE AS month
    FROM current.esd_wages__wage
    WHERE month2_employment = '1'
    UNION ALL
    SELECT record_key, reporting_period AS month
    FROM current.esd_wages__wage
    WHERE month3_employment = '1'
)
SELECT DISTINCT s.person_key, m.month, NULL AS county, NULL AS cost
FROM marked AS m
JOIN spine AS s ON s.record_key = m.record_key
