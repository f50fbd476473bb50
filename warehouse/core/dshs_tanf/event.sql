-- A month in which an adult's participation in work activities was reported, by its code.
SELECT DISTINCT
    s.person_key,
    a.report_month AS event_date,
    'work_participation' AS event_type,
    NULL AS value,
    a.work_part_status AS detail
FROM current.dshs_tanf__adult AS a
JOIN spine AS s ON s.record_key = a.record_key
WHERE a.family_affiliation = '1' AND a.work_part_status IS NOT NULL
