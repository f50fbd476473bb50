-- What each client record says of its person. The file is a snapshot of all clients, so
-- the newest delivery's row counts; it is dated by the client's last episode, if any.
WITH episode AS (
    SELECT record_key, max(coalesce(exit_date, removal_date)) AS as_of
    FROM current.dcyf_child_welfare__episode
    GROUP BY record_key
), latest AS (
    SELECT c.record_key, c.birth_month, c.sex, c.race_ethnicity, c.county, e.as_of
    FROM current.dcyf_child_welfare__client AS c
    LEFT JOIN episode AS e ON e.record_key = c.record_key
    QUALIFY row_number() OVER (PARTITION BY c.record_key ORDER BY c.county, c.race_ethnicity) = 1
)
SELECT s.person_key, l.birth_month, l.sex, r.race_ethnicity, NULL AS language_group, l.county, l.as_of
FROM latest AS l
JOIN spine AS s ON s.record_key = l.record_key
LEFT JOIN reference.race_ethnicity AS r ON r.source = 'dcyf_child_welfare' AND r.code = l.race_ethnicity
