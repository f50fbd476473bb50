-- One row per student and quarter with a day enrolled, and which programs served the student then.
WITH attended AS (
    SELECT
        study_id,
        date_trunc('quarter', event_date)::DATE AS quarter_start,
        sum(value) FILTER (WHERE event_type = 'days_enrolled') AS days_enrolled,
        sum(value) FILTER (WHERE event_type = 'days_absent') AS days_absent
    FROM ospi_k12.event
    GROUP BY study_id, date_trunc('quarter', event_date)
), in_care AS (
    SELECT DISTINCT study_id, date_trunc('quarter', month)::DATE AS quarter_start
    FROM dcyf_child_welfare.service_month
), without_home AS (
    SELECT DISTINCT study_id, date_trunc('quarter', month)::DATE AS quarter_start
    FROM com_hmis.service_month
), on_assistance AS (
    SELECT DISTINCT study_id, date_trunc('quarter', month)::DATE AS quarter_start
    FROM dshs_tanf.service_month
)
SELECT
    a.study_id,
    strftime(a.quarter_start, '%Y') || 'Q' || quarter(a.quarter_start) AS attendance_quarter,
    c.study_id IS NOT NULL AS in_foster_care,
    h.study_id IS NOT NULL AS in_homeless_services,
    t.study_id IS NOT NULL AS on_cash_assistance,
    a.days_absent * 10 >= a.days_enrolled AS chronically_absent
FROM attended AS a
LEFT JOIN in_care AS c ON c.study_id = a.study_id AND c.quarter_start = a.quarter_start
LEFT JOIN without_home AS h ON h.study_id = a.study_id AND h.quarter_start = a.quarter_start
LEFT JOIN on_assistance AS t ON t.study_id = a.study_id AND t.quarter_start = a.quarter_start
WHERE a.days_enrolled > 0
