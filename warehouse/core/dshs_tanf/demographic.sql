-- What each TANF record says of its person; one row a record, from its latest month.
-- Race and ethnicity: Hispanic whatever the race, else the one race marked, else two or more.
WITH member AS (
    SELECT record_key, report_month, case_number, birth_month, sex, race_hispanic, race_amerindian, race_asian,
        race_black, race_hawaiian, race_white
    FROM current.dshs_tanf__adult
    UNION ALL
    SELECT record_key, report_month, case_number, birth_month, sex, race_hispanic, race_amerindian, race_asian,
        race_black, race_hawaiian, race_white
    FROM current.dshs_tanf__child
), household AS (
    SELECT report_month, case_number, min(county_fips) AS county_fips
    FROM current.dshs_tanf__family
    GROUP BY report_month, case_number
), latest AS (
    SELECT m.*, h.county_fips,
        coalesce((race_amerindian = '1')::INTEGER, 0) + coalesce((race_asian = '1')::INTEGER, 0)
            + coalesce((race_black = '1')::INTEGER, 0) + coalesce((race_hawaiian = '1')::INTEGER, 0)
            + coalesce((race_white = '1')::INTEGER, 0) AS races
    FROM member AS m
    LEFT JOIN household AS h ON h.report_month = m.report_month AND h.case_number = m.case_number
    QUALIFY row_number() OVER (PARTITION BY m.record_key ORDER BY m.report_month DESC, m.case_number) = 1
)
SELECT
    s.person_key,
    l.birth_month,
    l.sex,
    CASE
        WHEN l.race_hispanic = '1' THEN 'hispanic'
        WHEN l.races > 1 THEN 'two_or_more'
        WHEN l.race_amerindian = '1' THEN 'native_american'
        WHEN l.race_asian = '1' THEN 'asian'
        WHEN l.race_black = '1' THEN 'black'
        WHEN l.race_hawaiian = '1' THEN 'pacific_islander'
        WHEN l.race_white = '1' THEN 'white'
    END AS race_ethnicity,
    NULL AS language_group,
    c.county,
    l.report_month AS as_of
FROM latest AS l
JOIN spine AS s ON s.record_key = l.record_key
LEFT JOIN reference.county AS c ON c.fips = l.county_fips
