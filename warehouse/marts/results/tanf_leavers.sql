-- One row per adult's exit from TANF, with work in the second quarter after it.
-- Grain: a spell as an adult that ended, with two months without TANF reported after it.
WITH exits AS (
    SELECT study_id, start_date, end_date, date_trunc('quarter', end_date)::DATE AS exit_quarter_start
    FROM dshs_tanf.spell
    WHERE attribute = 'adult' AND end_date IS NOT NULL
), residence AS (
    SELECT e.study_id, e.end_date, max_by(m.county, m.month) AS county
    FROM exits AS e
    JOIN dshs_tanf.service_month AS m ON m.study_id = e.study_id AND m.month BETWEEN e.start_date AND e.end_date
    GROUP BY e.study_id, e.end_date
), participation AS (
    SELECT e.study_id, e.end_date, bool_or(a.detail IN ('09', '17', '18')) AS worked_in_program
    FROM exits AS e
    JOIN dshs_tanf.event AS a ON a.study_id = e.study_id AND a.event_date BETWEEN e.start_date AND e.end_date
    WHERE a.event_type = 'work_participation'
    GROUP BY e.study_id, e.end_date
), reported AS (
    SELECT max(event_date) AS last_day FROM esd_wages.event WHERE event_type = 'wages'
), earned AS (
    SELECT e.study_id, e.end_date, sum(w.value) AS earnings
    FROM exits AS e
    JOIN esd_wages.event AS w
        ON w.study_id = e.study_id AND w.event_type = 'wages'
        AND date_diff('quarter', e.exit_quarter_start, w.event_date) = 2
    GROUP BY e.study_id, e.end_date
)
SELECT
    e.study_id,
    strftime(e.end_date, '%Y') || 'Q' || quarter(e.end_date) AS exit_quarter,
    coalesce(r.county, p.county) AS county,
    p.sex,
    p.race_ethnicity,
    CASE WHEN a.worked_in_program THEN 'took part' ELSE 'did not take part' END AS work_activities,
    date_diff('quarter', e.exit_quarter_start, t.last_day) >= 2 AS followed,
    CASE WHEN date_diff('quarter', e.exit_quarter_start, t.last_day) >= 2 THEN coalesce(w.earnings, 0) > 0 END
        AS employed,
    CASE WHEN w.earnings > 0 THEN w.earnings END AS earnings
FROM exits AS e
CROSS JOIN reported AS t
LEFT JOIN person AS p ON p.study_id = e.study_id
LEFT JOIN residence AS r ON r.study_id = e.study_id AND r.end_date = e.end_date
LEFT JOIN participation AS a ON a.study_id = e.study_id AND a.end_date = e.end_date
LEFT JOIN earned AS w ON w.study_id = e.study_id AND w.end_date = e.end_date
