"""A small deployment for tests of ingestion: real keys, registry, log, gate and stores.

Belongs here: a clinic's contract, its agreement made from one of Evergreen's, and a
hub over them. Does not: assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from data_sharing_agreements.documents import Agreements, load_agreements
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from privacy.keys import KeyRing
from tests.agreements_support import approved
from warehouse.contracts_loader import load_contracts
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.ingest import discover, ingest_pending, register
from warehouse.opener import Opener, Store
from warehouse.steps import StepResult

ROOT = Path(__file__).resolve().parents[1]
HEADER = "visit_id,patient,first,last,born,ssn,sex,county,visited,cost,note,clinic"

CLINIC = r"""
apiVersion: v3.1.0
kind: DataContract
id: clinic
domain: health
dataProduct: visits
name: Clinic visits
version: 1.0.0
status: active
description: {purpose: Visits to a clinic.}
customProperties:
  - {property: cadence, value: quarterly}
  - {property: format, value: {kind: delimited}}
  - property: files
    value: [{pattern: 'visits_(?P<period>\d{4}Q[1-4])\.csv', tables: [visit]}]
  - property: rules
    value: {tolerance: 0.1, row_count_change: 0.5, completeness_change: 0.3, compare_from: 20}
  - {property: extra_columns, value: ignore}
schema:
  - name: visit
    customProperties:
      - {property: record_id, value: [patient]}
      - {property: row_key, value: [visit_id]}
      - {property: period_column, value: visited}
    properties:
      - {name: visit_id, required: true, classification: direct}
      - {name: patient, classification: direct}
      - {name: first, classification: direct, customProperties: [{property: role, value: given_name}]}
      - {name: last, classification: direct, customProperties: [{property: role, value: surname}]}
      - name: born
        classification: direct
        logicalType: date
        logicalTypeOptions: {format: MM/dd/yyyy}
        customProperties: [{property: role, value: birth_date}, {property: on_invalid, value: 'null'}]
      - {name: ssn, classification: direct, customProperties: [{property: role, value: ssn},
         {property: nulls, value: ['999999999']}]}
      - {name: sex, classification: quasi, enum: [{value: '1'}, {value: '2'}], customProperties:
         [{property: role, value: sex}, {property: recode, value: {'1': M, '2': F}}]}
      - {name: county, classification: quasi}
      - {name: visited, logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}, required: true}
      - {name: cost, logicalType: number, logicalTypeOptions: {minimum: 0, maximum: 100000}}
      - {name: note, logicalTypeOptions: {maxLength: 40}, customProperties:
         [{property: free_text, value: true}]}
      - {name: clinic, classification: direct, logicalTypeOptions: {pattern: 'C[0-9]{2}'}, customProperties:
         [{property: pseudonym, value: clinic.place}, {property: role, value: employer}]}
"""

OTHER = r"""
apiVersion: v3.1.0
kind: DataContract
id: school
domain: education
dataProduct: pupils
name: Pupils
version: 1.0.0
status: active
description: {purpose: Pupils of a school.}
customProperties:
  - {property: cadence, value: quarterly}
  - {property: format, value: {kind: delimited}}
  - {property: files, value: [{pattern: 'pupils_(?P<period>\d{4}Q[1-4])\.csv', tables: [pupil]}]}
schema:
  - name: pupil
    customProperties: [{property: record_id, value: [pupil_id]}]
    properties:
      - {name: pupil_id, required: true, classification: direct}
      - {name: grade}
"""


@dataclass
class Place:
    """A hub, the landing directory it reads, and shortcuts."""

    hub: Hub
    landing: Path

    def deliver(self, name: str, content: str | bytes) -> Path:
        """Put a file into the landing directory."""
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, source: str | None = "clinic") -> list[StepResult]:
        """Register what lies in landing and take in what waits."""
        register(self.hub, discover(self.hub, self.landing))
        return ingest_pending(self.hub, source)

    def rows(self, sql: str) -> list[tuple]:
        """Read vault and warehouse."""
        with self.hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
            return session.execute(sql)

    def quarantine(self, sql: str) -> list[tuple]:
        """Read quarantine."""
        with self.hub.opener.session(read=[Store.quarantine()]) as session:
            return session.execute(sql)


def clinic_rows(count: int, period: str = "2023Q1", start: int = 0) -> list[list[str]]:
    """Return good rows of the clinic's file."""
    month = 3 * int(period[-1]) - 2
    names = ("Ada", "Bela", "Ciro", "Dana", "Emil", "Fay", "Gil")
    return [
        [
            f"V{i:05d}",
            f"P{i % max(1, count - 1):05d}",
            names[i % 7],
            f"Surname{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}",
            f"{i % 12 + 1:02d}/{i % 28 + 1:02d}/{1950 + i % 60}",
            f"{100000000 + 7919 * i}",
            str(i % 2 + 1),
            "King",
            f"{period[:4]}-{month + i % 3:02d}-{i % 28 + 1:02d}",
            f"{i % 300}.50",
            "came back" if i % 3 else "",
            f"C{i % 5:02d}",
        ]
        for i in range(start, start + count)
    ]


def text_of(rows: list[list[str]], header: str = HEADER) -> str:
    """Return rows as the clinic's file."""
    return "\n".join([header, *(",".join(row) for row in rows), ""])


def agreements_for(contracts, leave_out: dict[str, set[str]] | None = None) -> Agreements:
    """Return agreements that license every field of the contracts but those left out."""
    real = load_agreements(ROOT / "data_sharing_agreements" / "documents")
    model = real.dsa_for("esd_wages")
    dsas = []
    for contract in contracts:
        out = (leave_out or {}).get(contract.source, set())
        tables = {t.name: tuple(c.name for c in t.columns if c.name not in out) for t in contract.tables}
        own = {
            "source": contract.source,
            "tables": tables,
            "id": f"DSA-{contract.source.upper().replace('_', '-')}",
        }
        dsas.append(type(model).model_validate(model.model_dump() | own))
    return approved(Agreements(real.emou, tuple(dsas), (), real.bases))


def make_place(
    base: Path, contracts: dict[str, str] | None = None, leave_out: dict[str, set[str]] | None = None
) -> Place:
    """Make a deployment below a directory, and open its hub with all roles."""
    directory = base / "contracts"
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in (contracts or {"clinic": CLINIC, "school": OTHER}).items():
        yaml.safe_load(text)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    config = base / "commonweal.toml"
    config.write_text('[deployment]\nname = "test"\n[home]\npath = "home"\n', encoding="utf-8")
    deployment = Deployment.load(config)
    (base / "landing").mkdir(exist_ok=True)
    return Place(open_hub(deployment, directory, leave_out), base / "landing")


def open_hub(
    deployment: Deployment, contracts_dir: Path, leave_out: dict[str, set[str]] | None = None
) -> Hub:
    """Open the hub of a deployment whose agreements follow its contracts."""
    contracts = load_contracts(contracts_dir)
    if not deployment.keys_dir.exists():
        deployment.home.mkdir(parents=True, exist_ok=True)
        KeyRing.create(deployment.keys_dir)
        Registry.create(deployment.registry_url).close()
    keys = KeyRing.open(deployment.keys_dir)
    registry = Registry.open(deployment.registry_url)
    log = Log(registry, keys.signer())
    agreements = agreements_for(contracts, leave_out)
    opener = Opener(deployment.home, keys, registry.generations, memory_limit="1GB", threads=2)
    return Hub(
        deployment,
        contracts,
        agreements,
        registry,
        log,
        Gate(agreements, log, deployment.today),
        keys,
        opener,
    )
