-- A person's month of coverage, with what was paid for care in it.
WITH covered AS (
    SELECT s.person_key, e.coverage_month AS month, min(n.county) AS county
    FROM current.hca_medicaid__eligibility AS e
    JOIN spine AS s ON s.record_key = e.record_key
    LEFT JOIN reference.county AS n ON n.fips = e.county_fips
    GROUP BY s.person_key, e.coverage_month
), paid AS (
    SELECT s.person_key, date_trunc('month', c.service_date)::DATE AS month, sum(c.paid_amount) AS cost
    FROM current.hca_medicaid__claim AS c
    JOIN spine AS s ON s.record_key = c.record_key
    GROUP BY s.person_key, date_trunc('month', c.service_date)
)
SELECT covered.person_key, covered.month, covered.county, coalesce(paid.cost, 0) AS cost
FROM covered
LEFT JOIN paid ON paid.person_key = covered.person_key AND paid.month = covered.month
