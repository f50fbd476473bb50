-- What each student record says of its person; one row a record, from its latest enrolment.
WITH latest AS (
    SELECT record_key, birth_month, sex, hispanic, race, entry_date
    FROM current.ospi_k12__enrollment
    QUALIFY row_number() OVER (PARTITION BY record_key ORDER BY entry_date DESC, school_id) = 1
)
SELECT
    s.person_key,
    l.birth_month,
    l.sex,
    CASE WHEN l.hispanic = '1' THEN 'hispanic' ELSE r.race_ethnicity END AS race_ethnicity,
    NULL AS language_group,
    NULL AS county,
    l.entry_date AS as_of
FROM latest AS l
JOIN spine AS s ON s.record_key = l.record_key
LEFT JOIN reference.race_ethnicity AS r ON r.source = 'ospi_k12' AND r.code = l.race
