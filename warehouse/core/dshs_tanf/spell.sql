-- Time on TANF without a break of two months or more, apart for adults and children.
-- `end_date` is the end of the last month if two months without TANF have been reported
-- after it, else NULL: until then nobody can know that the spell has ended.
WITH member AS (
    SELECT record_key, report_month, case_number, 'adult' AS attribute
    FROM current.dshs_tanf__adult
    WHERE family_affiliation = '1'
    UNION
    SELECT record_key, report_month, case_number, 'child' AS attribute
    FROM current.dshs_tanf__child
    WHERE family_affiliation = '1'
), month AS (
    SELECT s.person_key, m.attribute, m.report_month, max(m.case_number) AS case_number
    FROM member AS m
    JOIN spine AS s ON s.record_key = m.record_key
    GROUP BY s.person_key, m.attribute, m.report_month
), marked AS (
    SELECT *,
        coalesce(
            date_diff('month', lag(report_month) OVER (PARTITION BY person_key, attribute ORDER BY report_month),
                report_month) > 2,
            true
        ) AS begins
    FROM month
), numbered AS (
    SELECT *,
        sum(begins::INTEGER) OVER (PARTITION BY person_key, attribute ORDER BY report_month) AS number
    FROM marked
), reported AS (
    SELECT max(report_month) AS last_month FROM member
), spell AS (
    SELECT person_key, attribute, number, min(report_month) AS first_month, max(report_month) AS final_month,
        max_by(case_number, report_month) AS case_number
    FROM numbered
    GROUP BY person_key, attribute, number
), closure AS (
    SELECT case_number, report_month, max(closure_reason) AS closure_reason
    FROM current.dshs_tanf__closed_family
    GROUP BY case_number, report_month
)
SELECT
    p.person_key,
    p.first_month AS start_date,
    CASE WHEN date_diff('month', p.final_month, r.last_month) >= 2 THEN last_day(p.final_month) END AS end_date,
    min(c.closure_reason) AS exit_reason,
    p.attribute
FROM spell AS p
CROSS JOIN reported AS r
LEFT JOIN closure AS c
    ON c.case_number = p.case_number AND date_diff('month', p.final_month, c.report_month) BETWEEN 0 AND 1
GROUP BY p.person_key, p.attribute, p.number, p.first_month, p.final_month, r.last_month
