-- A paid claim, by its type.
SELECT
    s.person_key,
    c.service_date AS event_date,
    'claim' AS event_type,
    c.paid_amount AS value,
    c.claim_type AS detail
FROM current.hca_medicaid__claim AS c
JOIN spine AS s ON s.record_key = c.record_key
