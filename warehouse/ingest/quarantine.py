"""What is in quarantine: counts by rule, and where the rows stand in their files.

Belongs here: logged reports without values, for whoever clears quality failures.
Does not: release rows; a refused row comes back by a corrected delivery.
"""

from __future__ import annotations

from typing import Any

from data_sharing_agreements.decisions import Request
from warehouse.hub import Hub
from warehouse.ingest.discovery import check_source
from warehouse.opener import Store

REPORT = "quarantine-report"
"""Kind of the log entry a report writes."""

_COUNTS = """
SELECT delivery_id, period, table_name, file_name, split_part(rule, ':', 1), split_part(rule, ':', 2),
    count(*), list(row_number ORDER BY row_number)[:$places]
FROM (SELECT *, unnest(rules) AS rule FROM quarantine.refused WHERE source = $source)
GROUP BY ALL ORDER BY ALL
"""


def quarantine_report(hub: Hub, source: str, places: int = 20) -> list[dict[str, Any]]:
    """Count a source's quarantined rows by delivery, table, rule and column. No value is read.

    Args:
        hub: Opened with the splitter's keys.
        source: The source.
        places: How many row numbers to tell for each rule, from the first on; a row
            number counts records of the file, the header left out, lines in a
            fixed-width file.

    Raises:
        UsageFault: There is no such source.
        Refused: No agreement in force covers it.
    """
    check_source(hub, source)
    hub.gate.require(Request("report", sources=frozenset({source})))
    hub.log.append(REPORT, {"source": source, "values": False}, ())
    if not hub.opener.exists(Store.quarantine()):
        return []
    with hub.opener.session(read=[Store.quarantine()]) as session:
        found = session.execute(_COUNTS, {"source": source, "places": places})
    names = ("delivery", "period", "table", "file", "rule", "column", "rows", "row_numbers")
    return [dict(zip(names, row, strict=True)) for row in found]
