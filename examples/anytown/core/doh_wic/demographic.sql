-- What each WIC record says of its person, as of the year's last day.
SELECT
    s.person_key,
    p.birth_month,
    p.sex,
    r.race_ethnicity,
    NULL AS language_group,
    NULL AS county,
    make_date(p.year, 12, 31) AS as_of
FROM current.doh_wic__participant AS p
JOIN spine AS s ON s.record_key = p.record_key
LEFT JOIN reference.race_ethnicity AS r ON r.code = p.race_ethnicity
