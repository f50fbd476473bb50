-- A person's month with at least one day in a homelessness project, up to the last day that
-- any stay tells of.
WITH stay AS (
    SELECT s.person_key, e.enrollment_id, min(e.entry_date) AS start_date, max(x.exit_date) AS end_date
    FROM current.com_hmis__enrollment AS e
    LEFT JOIN current.com_hmis__exit AS x ON x.enrollment_id = e.enrollment_id
    JOIN spine AS s ON s.record_key = e.record_key
    GROUP BY s.person_key, e.enrollment_id
), known AS (
    SELECT max(greatest(start_date, coalesce(end_date, start_date))) AS last_day FROM stay
), month AS (
    SELECT person_key,
        unnest(generate_series(
            date_trunc('month', start_date)::DATE,
            date_trunc('month', coalesce(end_date, last_day))::DATE,
            INTERVAL 1 MONTH
        ))::DATE AS month
    FROM stay
    CROSS JOIN known
)
SELECT DISTINCT person_key, month, NULL AS county, NULL AS cost
FROM month
