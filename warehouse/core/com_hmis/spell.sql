-- A stay in a homelessness project, from entry to exit, with the code of the destination;
-- `attribute` is the project's type. Exports overlap: a stay is known by its enrolment.
WITH project AS (
    SELECT project_id, max(project_type) AS project_type
    FROM current.com_hmis__project
    GROUP BY project_id
), enrolled AS (
    SELECT s.person_key, e.enrollment_id, min(e.entry_date) AS start_date, max(p.project_type) AS project_type
    FROM current.com_hmis__enrollment AS e
    JOIN project AS p ON p.project_id = e.project_id
    JOIN spine AS s ON s.record_key = e.record_key
    GROUP BY s.person_key, e.enrollment_id
), exited AS (
    SELECT enrollment_id, max(exit_date) AS end_date, max_by(destination, exit_date) AS destination
    FROM current.com_hmis__exit
    GROUP BY enrollment_id
)
SELECT
    n.person_key,
    n.start_date,
    x.end_date,
    x.destination AS exit_reason,
    n.project_type AS attribute
FROM enrolled AS n
LEFT JOIN exited AS x ON x.enrollment_id = n.enrollment_id
