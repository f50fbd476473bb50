"""The split: identifiers to the vault, content to the warehouse, refused rows to quarantine.

Belongs here: writing one checked delivery to the three stores, each in one
transaction that first removes what an earlier, killed attempt wrote. Does not:
deciding that a delivery may be split, or which delivery stands (`standing`).
"""

from __future__ import annotations

from collections.abc import Sequence

from data_sharing_agreements.errors import CommonwealError, IntegrityFault
from privacy.pseudonyms import assign_keys
from privacy.vault import IDENTIFIER_ROLES
from warehouse.contracts_model import Column, Contract
from warehouse.encoded.contract import BIRTH_MONTH
from warehouse.ingest.checks import Checked
from warehouse.ingest.content import content_columns, content_name
from warehouse.ingest.delivery_rules import Profile
from warehouse.ingest.values import content_sql, identity_sql, parsed_sql
from warehouse.opener import Session
from warehouse.readers.staged import DeliveryFile, literal, quoted


def write_vault(
    session: Session, contract: Contract, delivery_id: str, period: str, checked: Sequence[Checked]
) -> None:
    """Give every new id a key, then write the delivery's identities."""
    with session.transaction("vault"):
        with session.guard(rule="pseudonyms"):
            for namespace, query in _id_queries(contract, checked):
                assign_keys(session.raw, "vault.crosswalk", namespace, query)
        session.execute("DELETE FROM vault.identity WHERE delivery_id = ?", [delivery_id])
        identified = [one for one in checked if _identified(one)]
        if not identified:
            return
        selects = [_identity_select(contract, one) for one in identified]
        roles = ", ".join(IDENTIFIER_ROLES)
        once = len(identified) == 1 and _one_row_a_record(session, identified[0])
        distinct = "" if once else "DISTINCT"
        session.execute(
            f"INSERT INTO vault.identity (record_key, source, delivery_id, period, {roles}) "
            f"SELECT {distinct} record_key, $source, $delivery, $period, {roles} "
            f"FROM ({' UNION ALL '.join(selects)})",
            {"source": contract.source, "delivery": delivery_id, "period": period},
        )


def _identified(one: Checked) -> bool:
    return bool(one.staged.table.record_id) and any(column.role for column in one.staged.columns)


def _one_row_a_record(session: Session, one: Checked) -> bool:
    """Whether no record id occurs twice, so that rows of identities are distinct as they are.

    Counting hashes costs a fraction of comparing whole rows of identities.
    """
    sql = f"SELECT count(*) = count(DISTINCT hash(_record)) FROM {one.accepted_sql()}"
    return bool(session.one(sql))


def _id_queries(contract: Contract, checked: Sequence[Checked]) -> list[tuple[str, str]]:
    """Return for each namespace the query for the ids that need keys."""
    found: dict[str, list[str]] = {}
    for one in checked:
        if one.staged.table.record_id:
            found.setdefault(contract.source, []).append(f"SELECT _record FROM {one.accepted_sql()}")
        for column in one.staged.columns:
            if column.pseudonym:
                query = f"SELECT {quoted(column.name)} FROM {one.accepted_sql()}"
                found.setdefault(column.pseudonym, []).append(query)
    return [(namespace, " UNION ALL ".join(queries)) for namespace, queries in sorted(found.items())]


def _keyed_from(contract: Contract, one: Checked, columns: Sequence[Column]) -> str:
    """SQL after FROM: accepted rows, the record's key as `_key`, and keys in place of `columns`."""
    sql = f"{one.accepted_sql()} AS r"
    if one.staged.table.record_id:
        sql += (
            f" JOIN (SELECT source_id, key FROM vault.crosswalk WHERE namespace = {literal(contract.source)})"
            " AS _own ON _own.source_id = r._record"
        )
    for place, column in enumerate(columns):
        sql += (
            f" LEFT JOIN (SELECT source_id, key FROM vault.crosswalk"
            f" WHERE namespace = {literal(column.pseudonym)}) AS _k{place}"
            f" ON _k{place}.source_id = r.{quoted(column.name)}"
        )
    return sql


def _identity_select(contract: Contract, one: Checked) -> str:
    keyed = [column for column in one.staged.columns if column.pseudonym and column.role]
    values = []
    for role in IDENTIFIER_ROLES:
        columns = [column for column in one.staged.columns if column.role == role]
        parts = [
            f"_k{keyed.index(column)}.key::VARCHAR" if column in keyed else identity_sql(column)
            for column in columns
        ]
        value = f"coalesce({', '.join(parts)})" if len(parts) > 1 else (parts or ["NULL::VARCHAR"])[0]
        values.append(f"{value} AS {role}")
    return f"SELECT _own.key AS record_key, {', '.join(values)} FROM {_keyed_from(contract, one, keyed)}"


def write_content(
    session: Session,
    contract: Contract,
    delivery_id: str,
    period: str,
    checked: Sequence[Checked],
    profiles: Sequence[Profile],
) -> None:
    """Write the delivery's content under record keys, and its profile."""
    with session.transaction("warehouse"):
        for one in checked:
            name = quoted(content_name(contract, one.staged.table))
            session.execute(f"DELETE FROM warehouse.content.{name} WHERE delivery_id = ?", [delivery_id])
            columns = ", ".join(quoted(column) for column, _ in content_columns(one.staged.table))
            written = session.one(
                f"INSERT INTO warehouse.content.{name} ({columns}) {_content_select(contract, one)}",
                {"delivery": delivery_id},
            )
            if written != one.accepted:
                raise _lost(contract, one)
        session.execute("DELETE FROM warehouse.content.profile WHERE delivery_id = ?", [delivery_id])
        values = ", ".join(
            f"({literal(p.table)}, {literal(p.column)}, {p.rows}, {p.present})" for p in profiles
        )
        session.execute(
            "INSERT INTO warehouse.content.profile "
            f"SELECT $delivery, $source, $period, * FROM (VALUES {values})",
            {"delivery": delivery_id, "source": contract.source, "period": period},
        )


def _lost(contract: Contract, one: Checked) -> CommonwealError:
    return IntegrityFault.of(
        "rows-lost",
        f"accepted rows of {one.name} did not all reach the warehouse",
        why="every accepted row has a record key and is written once",
        next="run again; if it stays, compare the vault with a backup",
        source=contract.source,
    )


def _content_select(contract: Contract, one: Checked) -> str:
    table, licensed = one.staged.table, {column.name for column in one.staged.columns}
    keyed = [c for c in one.staged.columns if c.pseudonym]
    values = ["_own.key"] if table.record_id else []
    for column in table.content_columns:
        if column.name not in licensed:
            values.append(f"NULL::{column.content_type}")
        elif column.pseudonym:
            values.append(f"_k{keyed.index(column)}.key")
        else:
            values.append(content_sql(column, one.rules))
    if table.has_birth_month:
        told = [c for c in one.staged.columns if c.role == "birth_date" or c.name == BIRTH_MONTH]
        births = [parsed_sql(c) for c in told]
        values.append(f"date_trunc('month', coalesce({', '.join(births)}))::DATE" if births else "NULL::DATE")
    return f"SELECT {', '.join(values)}, $delivery, r._row FROM {_keyed_from(contract, one, keyed)}"


def write_quarantine(
    session: Session,
    contract: Contract,
    delivery_id: str,
    period: str,
    checked: Sequence[Checked],
    files: Sequence[DeliveryFile],
) -> None:
    """Write refused rows with the rules they broke, and records that became no row."""
    names = ", ".join(f"({file.number}, {literal(file.name)})" for file in files)
    place = f"LEFT JOIN (VALUES {names}) AS f(number, name) ON f.number = _file"
    about = {"delivery": delivery_id, "source": contract.source, "period": period}
    with session.transaction("quarantine"):
        session.execute("DELETE FROM quarantine.refused WHERE delivery_id = ?", [delivery_id])
        for one in checked:
            columns = ", ".join(f"{quoted(c.name)} := r.{quoted(c.name)}" for c in one.staged.columns)
            kept = "r._record IS NOT NULL" if one.staged.careful else "true"
            if one.refused:
                session.execute(
                    f"INSERT INTO quarantine.refused SELECT $delivery, $source, $period, "
                    f"{literal(one.name)}, coalesce(f.name, ''), r._row, b.rules, "
                    f"CASE WHEN {kept} THEN to_json(struct_pack({columns}))::VARCHAR END "
                    f"FROM staging.rows.{quoted(one.name)} AS r "
                    f"JOIN staging.work.{quoted(f'refused_{one.name}')} AS b USING (_id) {place}",
                    about,
                )
        session.execute(
            "INSERT INTO quarantine.refused SELECT $delivery, $source, $period, table_name, "
            "coalesce(f.name, ''), row_number, [rule || ':'], record "
            f"FROM (SELECT *, file_no AS _file FROM staging.work.unreadable) {place}",
            about,
        )
