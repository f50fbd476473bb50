-- People served by program, county and quarter. A person counts once in a program and
-- quarter, in the county of the latest month there: the month's own, else the person's.
WITH served AS (
    SELECT study_id, 'Cash assistance (TANF)' AS program, month, county FROM dshs_tanf.service_month
    UNION ALL
    SELECT study_id, 'Medicaid' AS program, month, county FROM hca_medicaid.service_month
    UNION ALL
    SELECT study_id, 'Foster care' AS program, month, county FROM dcyf_child_welfare.service_month
    UNION ALL
    SELECT study_id, 'Public school' AS program, month, county FROM ospi_k12.service_month
    UNION ALL
    SELECT study_id, 'Homelessness services' AS program, month, county FROM com_hmis.service_month
), placed AS (
    SELECT
        s.study_id,
        s.program,
        strftime(s.month, '%Y') || 'Q' || quarter(s.month) AS quarter,
        coalesce(max_by(s.county, s.month), max(p.county)) AS county
    FROM served AS s
    LEFT JOIN person AS p ON p.study_id = s.study_id
    GROUP BY s.study_id, s.program, strftime(s.month, '%Y') || 'Q' || quarter(s.month)
)
SELECT program, county, quarter, count(*) AS persons
FROM placed
GROUP BY program, county, quarter
