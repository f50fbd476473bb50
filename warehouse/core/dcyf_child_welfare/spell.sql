-- An episode of out-of-home care, from removal to exit; the snapshot with an exit wins.
WITH episode AS (
    SELECT s.person_key, e.episode_id, min(e.removal_date) AS start_date, max(e.exit_date) AS end_date,
        max(e.exit_reason) AS exit_reason, max(e.placement_type) AS attribute
    FROM current.dcyf_child_welfare__episode AS e
    JOIN spine AS s ON s.record_key = e.record_key
    GROUP BY s.person_key, e.episode_id
)
SELECT person_key, start_date, end_date, exit_reason, attribute
FROM episode
