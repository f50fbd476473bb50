-- One row per person and year with wages.
WITH wic AS (
    SELECT DISTINCT study_id, year(month) AS year FROM doh_wic.service_month
)
SELECT
    w.study_id,
    CAST(year(w.event_date) AS VARCHAR) AS year,
    CASE WHEN x.study_id IS NOT NULL THEN 'with WIC' ELSE 'without WIC' END AS wic,
    p.sex,
    CASE
        WHEN date_diff('year', p.birth_month, w.event_date) < 25 THEN 'under 25'
        WHEN date_diff('year', p.birth_month, w.event_date) < 45 THEN '25 to 44'
        WHEN date_diff('year', p.birth_month, w.event_date) < 65 THEN '45 to 64'
        WHEN p.birth_month IS NOT NULL THEN '65 and over'
    END AS age_band,
    CASE
        WHEN p.race_ethnicity IN ('white', 'hispanic', 'black', 'asian') THEN p.race_ethnicity
        WHEN p.race_ethnicity IS NOT NULL THEN 'other'
    END AS race_ethnicity,
    (ceil(w.value / 5000) * 5000)::INTEGER AS wages,
    w.value > 0 AS has_wages,
    w.value < 15000 AS low_wages
FROM esd_wages.event AS w
LEFT JOIN person AS p ON p.study_id = w.study_id
LEFT JOIN wic AS x ON x.study_id = w.study_id AND x.year = year(w.event_date)
WHERE w.event_type = 'wages'
