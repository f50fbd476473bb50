-- One row per adult's exit from TANF.
-- Grain: a spell as an adult that ended, with two months without TANF reported after it.
WITH exits AS (
    SELECT
        study_id,
        start_date,
        end_date,
        date_trunc('quarter', end_date)::DATE AS exit_quarter_start,
        exit_reason
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
), medicaid AS (
    SELECT e.study_id, e.end_date, count(DISTINCT m.month) AS medicaid_months
    FROM exits AS e
    JOIN hca_medicaid.service_month AS m
        ON m.study_id = e.study_id AND m.month > e.end_date - INTERVAL 12 MONTH AND m.month <= e.end_date
    GROUP BY e.study_id, e.end_date
), homeless AS (
    SELECT DISTINCT e.study_id, e.end_date
    FROM exits AS e
    JOIN com_hmis.service_month AS h
        ON h.study_id = e.study_id AND h.month > e.end_date - INTERVAL 12 MONTH AND h.month <= e.end_date
), child_welfare AS (
    SELECT DISTINCT study_id FROM dcyf_child_welfare.demographic
), reported AS (
    SELECT max(event_date) AS last_day FROM esd_wages.event WHERE event_type = 'wages'
), earned AS (
    SELECT
        e.study_id,
        e.end_date,
        sum(w.value) FILTER (WHERE date_diff('quarter', e.exit_quarter_start, w.event_date) = 1) AS q1,
        sum(w.value) FILTER (WHERE date_diff('quarter', e.exit_quarter_start, w.event_date) = 2) AS q2,
        sum(w.value) FILTER (WHERE date_diff('quarter', e.exit_quarter_start, w.event_date) = 3) AS q3,
        sum(w.value) FILTER (WHERE date_diff('quarter', e.exit_quarter_start, w.event_date) = 4) AS q4
    FROM exits AS e
    JOIN esd_wages.event AS w ON w.study_id = e.study_id AND w.event_type = 'wages'
    GROUP BY e.study_id, e.end_date
), followed AS (
    SELECT
        e.study_id,
        e.end_date,
        date_diff('quarter', e.exit_quarter_start, r.last_day) AS quarters_reported,
        coalesce(w.q1, 0) AS q1,
        coalesce(w.q2, 0) AS q2,
        coalesce(w.q3, 0) AS q3,
        coalesce(w.q4, 0) AS q4
    FROM exits AS e
    CROSS JOIN reported AS r
    LEFT JOIN earned AS w ON w.study_id = e.study_id AND w.end_date = e.end_date
)
SELECT
    e.study_id,
    strftime(e.end_date, '%Y') || 'Q' || quarter(e.end_date) AS exit_quarter,
    CASE
        WHEN p.race_ethnicity IN ('white', 'hispanic', 'black') THEN p.race_ethnicity
        WHEN p.race_ethnicity IS NOT NULL THEN 'other'
    END AS race_ethnicity,
    CASE
        WHEN coalesce(r.county, p.county) IN ('Alder', 'Birch') THEN 'metropolitan'
        WHEN coalesce(r.county, p.county) IN ('Cascara', 'Dogwood', 'Hawthorn', 'Madrone') THEN 'coast'
        WHEN coalesce(r.county, p.county) IS NOT NULL THEN 'inland'
    END AS region,
    p.sex,
    CASE
        WHEN date_diff('year', p.birth_month, e.end_date) < 35 THEN 'under 35'
        WHEN p.birth_month IS NOT NULL THEN '35 and over'
    END AS age_band,
    e.exit_reason,
    least(date_diff('month', e.start_date, e.end_date) + 1, 24) AS months_on_tanf,
    coalesce(a.worked_in_program, false) AS worked_in_program,
    coalesce(m.medicaid_months, 0) AS medicaid_months,
    h.study_id IS NOT NULL AS homeless_before,
    c.study_id IS NOT NULL AS known_to_child_welfare,
    CASE WHEN f.quarters_reported >= 1 THEN (ceil(f.q1 / 1000) * 1000)::INTEGER END AS earnings_q1,
    CASE WHEN f.quarters_reported >= 2 THEN (ceil(f.q2 / 1000) * 1000)::INTEGER END AS earnings_q2,
    CASE WHEN f.quarters_reported >= 3 THEN (ceil(f.q3 / 1000) * 1000)::INTEGER END AS earnings_q3,
    CASE WHEN f.quarters_reported >= 4 THEN (ceil(f.q4 / 1000) * 1000)::INTEGER END AS earnings_q4
FROM exits AS e
JOIN followed AS f ON f.study_id = e.study_id AND f.end_date = e.end_date
LEFT JOIN person AS p ON p.study_id = e.study_id
LEFT JOIN residence AS r ON r.study_id = e.study_id AND r.end_date = e.end_date
LEFT JOIN participation AS a ON a.study_id = e.study_id AND a.end_date = e.end_date
LEFT JOIN medicaid AS m ON m.study_id = e.study_id AND m.end_date = e.end_date
LEFT JOIN homeless AS h ON h.study_id = e.study_id AND h.end_date = e.end_date
LEFT JOIN child_welfare AS c ON c.study_id = e.study_id
