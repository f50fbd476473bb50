-- People with wages by year and band of wages, all employers together.
WITH banded AS (
    SELECT
        study_id,
        CAST(year(event_date) AS VARCHAR) AS year,
        CASE
            WHEN value < 15000 THEN 'under 15,000'
            WHEN value < 40000 THEN '15,000 to 39,999'
            WHEN value < 80000 THEN '40,000 to 79,999'
            ELSE '80,000 and over'
        END AS wage_band
    FROM esd_wages.event
    WHERE event_type = 'wages'
)
SELECT year, wage_band, count(*) AS persons
FROM banded
GROUP BY year, wage_band
