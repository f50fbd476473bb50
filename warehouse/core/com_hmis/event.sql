-- An exit from a homelessness project, with the code of its destination.
SELECT
    s.person_key,
    max(x.exit_date) AS event_date,
    'exit' AS event_type,
    NULL AS value,
    max_by(x.destination, x.exit_date) AS detail
FROM current.com_hmis__exit AS x
JOIN spine AS s ON s.record_key = x.record_key
GROUP BY s.person_key, x.enrollment_id
