-- What each numident record says of its person, as of the record's event.
SELECT
    s.person_key,
    p.birth_month,
    p.sex,
    NULL AS race_ethnicity,
    NULL AS language_group,
    NULL AS county,
    p.event_date AS as_of
FROM current.ssa_numident__person AS p
JOIN spine AS s ON s.record_key = p.record_key
