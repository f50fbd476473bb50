-- A child's removal from home, by type of placement.
SELECT
    s.person_key,
    min(e.removal_date) AS event_date,
    'removal' AS event_type,
    NULL AS value,
    max(e.placement_type) AS detail
FROM current.dcyf_child_welfare__episode AS e
JOIN spine AS s ON s.record_key = e.record_key
GROUP BY s.person_key, e.episode_id
