-- What each census record says of its person, as of census day.
SELECT
    s.person_key,
    p.birth_month,
    p.sex,
    r.race_ethnicity,
    NULL AS language_group,
    NULL AS county,
    make_date(p.year, 4, 1) AS as_of
FROM current.census__person AS p
JOIN spine AS s ON s.record_key = p.record_key
LEFT JOIN reference.race_ethnicity AS r ON r.code = p.race_ethnicity
