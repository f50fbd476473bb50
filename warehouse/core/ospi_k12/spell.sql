-- An enrolment in a school; the newest report of its exit counts.
SELECT
    s.person_key,
    e.entry_date AS start_date,
    max(e.exit_date) AS end_date,
    max(e.exit_type) AS exit_reason,
    max(e.grade_level) AS attribute
FROM current.ospi_k12__enrollment AS e
JOIN spine AS s ON s.record_key = e.record_key
GROUP BY s.person_key, e.school_id, e.entry_date
