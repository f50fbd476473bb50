-- What each client record says of its person. HMIS race is a set of yes/no marks; Hispanic
-- counts whatever else is marked, as in the other sources.
WITH entered AS (
    SELECT record_key, max(entry_date) AS as_of
    FROM current.com_hmis__enrollment
    GROUP BY record_key
), latest AS (
    SELECT c.record_key, c.birth_month, c.sex, c.am_ind_ak_native, c.asian, c.black_af_american,
        c.hispanic_latinao, c.mid_east_n_african, c.native_hi_pacific, c.white, e.as_of,
        coalesce((am_ind_ak_native = '1')::INTEGER, 0) + coalesce((asian = '1')::INTEGER, 0)
            + coalesce((black_af_american = '1')::INTEGER, 0) + coalesce((native_hi_pacific = '1')::INTEGER, 0)
            + coalesce((white = '1' OR mid_east_n_african = '1')::INTEGER, 0) AS races
    FROM current.com_hmis__client AS c
    LEFT JOIN entered AS e ON e.record_key = c.record_key
    QUALIFY row_number() OVER (PARTITION BY c.record_key ORDER BY c.birth_month, c.sex) = 1
)
SELECT
    s.person_key,
    l.birth_month,
    l.sex,
    CASE
        WHEN l.hispanic_latinao = '1' THEN 'hispanic'
        WHEN l.races > 1 THEN 'two_or_more'
        WHEN l.am_ind_ak_native = '1' THEN 'native_american'
        WHEN l.asian = '1' THEN 'asian'
        WHEN l.black_af_american = '1' THEN 'black'
        WHEN l.native_hi_pacific = '1' THEN 'pacific_islander'
        WHEN l.white = '1' OR l.mid_east_n_african = '1' THEN 'white'
    END AS race_ethnicity,
    NULL AS language_group,
    NULL AS county,
    l.as_of
FROM latest AS l
JOIN spine AS s ON s.record_key = l.record_key
