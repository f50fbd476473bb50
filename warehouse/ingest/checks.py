"""Rules of rows, applied to a staged delivery.

Belongs here: which rows break which rules, set-based, one pass a table, and which
of them go to quarantine. Does not: the SQL of one value (`values`), rules of whole
deliveries (`delivery_rules`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from warehouse.contracts_model import Contract, OnInvalid
from warehouse.ingest.values import ValueRule, rules_of
from warehouse.opener import Session
from warehouse.readers.staged import Fault, Staged, StagedTable, literal, quoted

DUPLICATE = "duplicate-record-id"
NO_RECORD_ID = "missing-record-id"


@dataclass(frozen=True)
class RuleCount:
    """How many rows of a table break a rule, and whether that sends them to quarantine."""

    table: str
    column: str
    rule: str
    rows: int
    action: OnInvalid


@dataclass
class Checked:
    """What checking one table found.

    Args:
        staged: The table.
        rules: Its rules of values.
        counts: Rows for each broken rule.
        refused: Rows that go to quarantine.
        unreadable: Records of it that became no row.
    """

    staged: StagedTable
    rules: list[ValueRule]
    counts: list[RuleCount] = field(default_factory=list)
    refused: int = 0
    unreadable: int = 0

    @property
    def name(self) -> str:
        """Logical name of the table."""
        return self.staged.table.name

    @property
    def accepted(self) -> int:
        """Rows that go on."""
        return self.staged.rows - self.refused

    @property
    def rows_in(self) -> int:
        """Rows and records that arrived."""
        return self.staged.rows + self.unreadable

    def accepted_sql(self) -> str:
        """SQL of the accepted rows, to stand after FROM."""
        rows = f"staging.rows.{quoted(self.name)}"
        if not self.refused:
            return rows
        return f"(SELECT * FROM {rows} ANTI JOIN staging.work.{quoted(f'refused_{self.name}')} USING (_id))"


def check_tables(session: Session, staged: Staged) -> list[Checked]:
    """Apply the rules of rows to every staged table."""
    return [_check_table(session, table) for table in staged.tables.values()]


def table_rules(staged: StagedTable) -> list[ValueRule]:
    """Return the rules of a staged table's values; a record id of blanks is one of them."""
    rules = [rule for column in staged.columns for rule in rules_of(column)]
    if staged.table.record_id:
        rules.append(ValueRule(NO_RECORD_ID, "", "_record IS NULL", OnInvalid.QUARANTINE))
    return rules


def unique_keys(staged: StagedTable) -> list[tuple[str, ...]]:
    """Return the sets of columns whose values may occur once in a delivery."""
    have = {column.name for column in staged.columns}
    keys = [staged.table.row_key] if staged.table.row_key else []
    keys += [(column.name,) for column in staged.columns if column.unique]
    return [key for key in dict.fromkeys(keys) if set(key) <= have]


def _check_table(session: Session, staged: StagedTable) -> Checked:
    name = staged.table.name
    checked = Checked(staged, table_rules(staged))
    faults = f"staging.work.{quoted(f'faults_{name}')}"
    session.execute(f"CREATE TABLE {faults} (_id BIGINT, rule VARCHAR, action VARCHAR)")
    _find_broken(session, checked, faults)
    for key in unique_keys(staged):
        _find_duplicates(session, name, key, faults)
    refused = f"staging.work.{quoted(f'refused_{name}')}"
    session.execute(
        f"CREATE TABLE {refused} AS SELECT _id, list(DISTINCT rule ORDER BY rule) AS rules FROM {faults} "
        f"WHERE action = {literal(OnInvalid.QUARANTINE)} GROUP BY _id"
    )
    checked.refused = int(session.one(f"SELECT count(*) FROM {refused}"))
    unreadable = session.execute(
        "SELECT rule, count(*) FROM staging.work.unreadable WHERE table_name = ? GROUP BY rule", [name]
    )
    checked.unreadable = sum(int(count) for _, count in unreadable)
    found = session.execute(
        f"SELECT rule, action, count(DISTINCT _id) FROM {faults} GROUP BY ALL ORDER BY ALL"
    )
    for told, action, count in found:
        rule, _, column = str(told).partition(":")
        checked.counts.append(RuleCount(name, column, rule, int(count), OnInvalid(action)))
    for rule, count in sorted(unreadable):
        checked.counts.append(RuleCount(name, "", str(rule), int(count), OnInvalid.QUARANTINE))
    return checked


def _find_broken(session: Session, checked: Checked, faults: str) -> None:
    """Note every broken rule of every row in one pass; rows that break none cost only the test."""
    if not checked.rules:
        return
    cases = ", ".join(
        f"CASE WHEN {rule.broken} THEN {literal(f'{rule.rule}:{rule.column}|{rule.action}')} END"
        for rule in checked.rules
    )
    session.execute(
        f"""INSERT INTO {faults}
        SELECT _id, split_part(broken, '|', 1), split_part(broken, '|', 2)
        FROM (SELECT _id, unnest([{cases}]) AS broken FROM staging.rows.{quoted(checked.name)}
              WHERE {" OR ".join(rule.broken for rule in checked.rules)})
        WHERE broken IS NOT NULL"""
    )


def _find_duplicates(session: Session, name: str, key: Sequence[str], faults: str) -> None:
    """Note every row whose key a row before it has. Hashes first: most deliveries have none."""
    rows = f"staging.rows.{quoted(name)}"
    columns = ", ".join(quoted(column) for column in key)
    known = " OR ".join(f"{quoted(column)} IS NOT NULL" for column in key)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE _repeated AS SELECT hash({columns}) AS h FROM {rows} "
        f"WHERE {known} GROUP BY h HAVING count(*) > 1"
    )
    if session.one("SELECT count(*) FROM _repeated"):
        rule = f"{DUPLICATE}:{'+'.join(key)}"
        session.execute(
            f"""INSERT INTO {faults}
            SELECT _id, {literal(rule)}, {literal(OnInvalid.QUARANTINE)} FROM (
                SELECT _id, row_number() OVER (PARTITION BY {columns} ORDER BY _file, _row, _id) AS occurrence
                FROM {rows} WHERE ({known}) AND hash({columns}) IN (SELECT h FROM _repeated))
            WHERE occurrence > 1"""
        )
    session.execute("DROP TABLE _repeated")


def allowed_share(contract: Contract, staged: StagedTable, column: str, action: OnInvalid) -> float:
    """Return the share of rows that may break a rule before the delivery is held.

    A column's own tolerance comes first. Else a rule that holds allows none, one that
    sends rows to quarantine allows the contract's tolerance, and one that only empties
    or keeps the value allows all.
    """
    declared = staged.table.by_name.get(column)
    if declared is not None and declared.tolerance is not None:
        return declared.tolerance
    if action is OnInvalid.HOLD:
        return 0.0
    return contract.rules.tolerance if action is OnInvalid.QUARANTINE else 1.0


def faults_past_tolerance(contract: Contract, checked: Sequence[Checked]) -> list[Fault]:
    """Return the rules of rows broken so often that the delivery is held.

    The contract's tolerance is also for all rows of a table that go to quarantine, by
    whatever rules.
    """
    faults = []
    for one in checked:
        over = one.refused + one.unreadable > contract.rules.tolerance * one.rows_in
        for count in one.counts:
            allowed = allowed_share(contract, one.staged, count.column, count.action)
            if count.rows > allowed * one.rows_in or (over and count.action is OnInvalid.QUARANTINE):
                faults.append(Fault(count.rule, count.rows, one.name, count.column))
    return faults


def faults_at_the_end(session: Session, staged: Staged, checked: Sequence[Checked]) -> list[Fault]:
    """Return files that end without a line break in a row that breaks a rule: they were cut off."""
    faults = []
    for one in checked:
        for file_no, name in staged.open_ended.items():
            faulty = session.one(
                f"SELECT max_by(_id, _row) IN (SELECT _id FROM staging.work.{quoted(f'faults_{one.name}')}) "
                f"FROM staging.rows.{quoted(one.name)} WHERE _file = ?",
                [file_no],
            )
            if faulty:
                faults.append(Fault("truncated-file", 1, one.name, file=name))
    return faults
