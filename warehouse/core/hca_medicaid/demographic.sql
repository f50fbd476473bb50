-- What each Medicaid record says of its person; one row a record, from its latest month.
WITH latest AS (
    SELECT record_key, coverage_month, birth_month, sex, race_ethnicity, language, county_fips
    FROM current.hca_medicaid__eligibility
    QUALIFY row_number() OVER (PARTITION BY record_key ORDER BY coverage_month DESC, county_fips) = 1
)
SELECT
    s.person_key,
    l.birth_month,
    l.sex,
    r.race_ethnicity,
    g.language_group,
    c.county,
    l.coverage_month AS as_of
FROM latest AS l
JOIN spine AS s ON s.record_key = l.record_key
LEFT JOIN reference.race_ethnicity AS r ON r.source = 'hca_medicaid' AND r.code = l.race_ethnicity
LEFT JOIN reference.language AS g ON g.code = l.language
LEFT JOIN reference.county AS c ON c.fips = l.county_fips
