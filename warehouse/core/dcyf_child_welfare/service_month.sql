-- A child's month with at least one day in out-of-home care, up to the last month that the
-- snapshots know of.
WITH known AS (
    SELECT max(greatest(removal_date, coalesce(exit_date, removal_date))) AS last_day
    FROM current.dcyf_child_welfare__episode
), episode AS (
    SELECT s.person_key, e.episode_id, min(e.county) AS county,
        date_trunc('month', min(e.removal_date))::DATE AS first_month,
        date_trunc('month', coalesce(max(e.exit_date), max(k.last_day)))::DATE AS final_month
    FROM current.dcyf_child_welfare__episode AS e
    CROSS JOIN known AS k
    JOIN spine AS s ON s.record_key = e.record_key
    GROUP BY s.person_key, e.episode_id
), month AS (
    SELECT person_key, county, unnest(generate_series(first_month, final_month, INTERVAL 1 MONTH))::DATE AS month
    FROM episode
)
SELECT person_key, month, min(county) AS county, NULL AS cost
FROM month
GROUP BY person_key, month
