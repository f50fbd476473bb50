-- One row per exit from a homelessness project to a permanent destination.
-- A return is a later entry of the same person within six months (183 days). Exits before
-- 2023, the first year of the state's results, are left out.
WITH stays AS (
    SELECT study_id, start_date, end_date, exit_reason AS destination, attribute AS project_type
    FROM com_hmis.spell
), known AS (
    SELECT max(greatest(start_date, coalesce(end_date, start_date))) AS last_day FROM stays
), exits AS (
    SELECT DISTINCT study_id, end_date, project_type
    FROM stays
    WHERE end_date IS NOT NULL AND destination BETWEEN '410' AND '435'
        AND end_date >= DATE '2023-01-01'
), returned AS (
    SELECT DISTINCT e.study_id, e.end_date
    FROM exits AS e
    JOIN stays AS s
        ON s.study_id = e.study_id AND date_diff('day', e.end_date, s.start_date) BETWEEN 1 AND 183
)
SELECT
    e.study_id,
    strftime(e.end_date, '%Y') || 'Q' || quarter(e.end_date) AS exit_quarter,
    p.county,
    p.sex,
    p.race_ethnicity,
    CASE
        WHEN e.project_type = '13' THEN 'rapid rehousing'
        WHEN e.project_type IN ('0', '1') THEN 'emergency shelter'
        WHEN e.project_type = '2' THEN 'transitional housing'
        WHEN e.project_type = '4' THEN 'street outreach'
        ELSE 'other permanent housing'
    END AS project_kind,
    date_diff('day', e.end_date, k.last_day) >= 183 AS followed,
    CASE WHEN date_diff('day', e.end_date, k.last_day) >= 183 THEN r.study_id IS NOT NULL END AS returned
FROM exits AS e
CROSS JOIN known AS k
LEFT JOIN returned AS r ON r.study_id = e.study_id AND r.end_date = e.end_date
LEFT JOIN person AS p ON p.study_id = e.study_id
