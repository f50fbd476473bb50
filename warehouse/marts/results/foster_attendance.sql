-- One row per child and quarter with a day in foster care and a day enrolled in school.
WITH attended AS (
    SELECT
        study_id,
        date_trunc('quarter', event_date)::DATE AS quarter_start,
        sum(value) FILTER (WHERE event_type = 'days_enrolled') AS days_enrolled,
        sum(value) FILTER (WHERE event_type = 'days_absent') AS days_absent
    FROM ospi_k12.event
    GROUP BY study_id, date_trunc('quarter', event_date)
), in_care AS (
    SELECT DISTINCT a.study_id, a.quarter_start
    FROM attended AS a
    JOIN dcyf_child_welfare.spell AS c
        ON c.study_id = a.study_id
        AND c.start_date < a.quarter_start + INTERVAL 3 MONTH
        AND (c.end_date IS NULL OR c.end_date >= a.quarter_start)
)
SELECT
    a.study_id,
    strftime(a.quarter_start, '%Y') || 'Q' || quarter(a.quarter_start) AS attendance_quarter,
    p.county,
    p.sex,
    p.race_ethnicity,
    CASE
        WHEN date_diff('year', p.birth_month, a.quarter_start) < 11 THEN 'under 11'
        WHEN date_diff('year', p.birth_month, a.quarter_start) < 14 THEN '11 to 13'
        WHEN p.birth_month IS NOT NULL THEN '14 and over'
    END AS age_band,
    true AS in_care_and_enrolled,
    a.days_absent * 10 >= a.days_enrolled AS chronically_absent
FROM attended AS a
JOIN in_care AS c ON c.study_id = a.study_id AND c.quarter_start = a.quarter_start
LEFT JOIN person AS p ON p.study_id = a.study_id
WHERE a.days_enrolled > 0
