-- Coverage without a gap of a month; `end_date` is NULL while the last month reported is
-- covered. `attribute` is the group of eligibility in the spell's last month.
WITH month AS (
    SELECT s.person_key, e.coverage_month, max(e.eligibility_group) AS eligibility_group
    FROM current.hca_medicaid__eligibility AS e
    JOIN spine AS s ON s.record_key = e.record_key
    GROUP BY s.person_key, e.coverage_month
), marked AS (
    SELECT *,
        coalesce(
            date_diff('month', lag(coverage_month) OVER (PARTITION BY person_key ORDER BY coverage_month),
                coverage_month) > 1,
            true
        ) AS begins
    FROM month
), numbered AS (
    SELECT *, sum(begins::INTEGER) OVER (PARTITION BY person_key ORDER BY coverage_month) AS number
    FROM marked
), reported AS (
    SELECT max(coverage_month) AS last_month FROM month
)
SELECT
    n.person_key,
    min(n.coverage_month) AS start_date,
    CASE WHEN max(n.coverage_month) < max(r.last_month) THEN last_day(max(n.coverage_month)) END AS end_date,
    NULL AS exit_reason,
    max_by(n.eligibility_group, n.coverage_month) AS attribute
FROM numbered AS n
CROSS JOIN reported AS r
GROUP BY n.person_key, n.number
