-- A person's month on TANF: the case's cash shared equally among its members.
WITH member AS (
    SELECT record_key, report_month, case_number
    FROM current.dshs_tanf__adult
    WHERE family_affiliation = '1'
    UNION
    SELECT record_key, report_month, case_number
    FROM current.dshs_tanf__child
    WHERE family_affiliation = '1'
), household AS (
    SELECT report_month, case_number, min(county_fips) AS county_fips, max(cash_amount) AS cash_amount
    FROM current.dshs_tanf__family
    GROUP BY report_month, case_number
), size AS (
    SELECT report_month, case_number, count(*) AS members
    FROM member
    GROUP BY report_month, case_number
)
SELECT
    s.person_key,
    m.report_month AS month,
    min(c.county) AS county,
    max(h.cash_amount / z.members) AS cost
FROM member AS m
JOIN size AS z ON z.report_month = m.report_month AND z.case_number = m.case_number
LEFT JOIN household AS h ON h.report_month = m.report_month AND h.case_number = m.case_number
JOIN spine AS s ON s.record_key = m.record_key
LEFT JOIN reference.county AS c ON c.fips = h.county_fips
GROUP BY s.person_key, m.report_month
