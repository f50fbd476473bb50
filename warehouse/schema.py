"""The tables that ingestion keeps in the warehouse and in quarantine.

Belongs here: definitions that no contract changes. Does not: content tables,
which follow the contracts (`ingest.content`), the vault's (`privacy.vault`),
the spine's (`linkage`), core's (`warehouse.core`).
"""

from __future__ import annotations

WAREHOUSE_DDL: str = """
CREATE SCHEMA IF NOT EXISTS warehouse.content;
CREATE SCHEMA IF NOT EXISTS warehouse.current;
CREATE TABLE IF NOT EXISTS warehouse.content.current_delivery (
    delivery_id VARCHAR NOT NULL, source VARCHAR NOT NULL, period VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS warehouse.content.profile (
    delivery_id VARCHAR NOT NULL, source VARCHAR NOT NULL, period VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL,
    rows_total BIGINT NOT NULL, rows_present BIGINT NOT NULL
);
CREATE SCHEMA IF NOT EXISTS warehouse.restriction;
CREATE TABLE IF NOT EXISTS warehouse.restriction.entry (
    record_key BIGINT NOT NULL, source VARCHAR NOT NULL, kind VARCHAR NOT NULL, granted BOOLEAN NOT NULL,
    scope VARCHAR NOT NULL, bars VARCHAR[] NOT NULL, start DATE NOT NULL, until DATE
);
CREATE TABLE IF NOT EXISTS warehouse.restriction.settled (day DATE NOT NULL, digest VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS warehouse.restriction.applied (source VARCHAR NOT NULL, digest VARCHAR NOT NULL);
"""
"""`current_delivery`: deliveries that stand. `profile`: for each delivery and column, how
many rows it had and in how many the column had a value; the column '' is the table.
`entry`: restrictions that stand on the day that `settled` names, one row a record they reach.
`applied`: under which restrictions each source's core tables were made."""

QUARANTINE_DDL: str = """
CREATE TABLE IF NOT EXISTS quarantine.refused (
    delivery_id VARCHAR NOT NULL, source VARCHAR NOT NULL, period VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL, file_name VARCHAR NOT NULL, row_number BIGINT NOT NULL,
    rules VARCHAR[] NOT NULL, record VARCHAR
);
"""
"""One row for each refused row: where it stood, the rules it broke as `rule:column`, and the
record as read, in JSON; the last only ever leaves by a logged report."""
