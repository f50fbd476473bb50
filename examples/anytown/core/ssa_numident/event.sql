-- The making of a person's number, or the person's death.
SELECT
    s.person_key,
    p.event_date,
    p.event_type,
    NULL AS value,
    NULL AS detail
FROM current.ssa_numident__person AS p
JOIN spine AS s ON s.record_key = p.record_key
