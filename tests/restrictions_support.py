"""A state of three sources, small enough to restrict single people in and look for them everywhere.

Belongs here: contracts, core, marts and agreements of `clinic`, `shelter` and `recovery`
(under 42 CFR Part 2), a way to send signed notices, and a run from landing to marts.
Does not: assertions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from assets.core import make_core
from assets.link import make_spine
from assets.marts import publish_marts
from assets.restrictions import settle_restrictions
from assets.workplace import Workplace
from data_sharing_agreements.documents import Agreements, load_agreements
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.lifecycle.demonstration import key_of
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.clock import text_of
from privacy.keys import KeyRing
from tests.agreements_support import approved
from warehouse.contracts_loader import load_contracts
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.ingest import ingest_pending
from warehouse.opener import Opener, Store
from warehouse.restrictions.intake import take_notices
from warehouse.restrictions.notice import new_notice
from warehouse.steps import StepResult

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("clinic", "shelter", "recovery")
TODAY = date(2026, 6, 1)
AGENCY = "Employment Security Department"

CONTRACT = r"""
apiVersion: v3.1.0
kind: DataContract
id: SOURCE
domain: health
dataProduct: visits
name: Visits to SOURCE
version: 1.0.0
status: active
description: {purpose: Visits.}
customProperties:
  - {property: cadence, value: annual}
  - {property: format, value: {kind: delimited}}
  - {property: files, value: [{pattern: 'SOURCE_(?P<period>\d{4})\.csv', tables: [visit]}]}
  - {property: rules, value: {tolerance: 0.5, row_count_change: 9, completeness_change: 9, compare_from: 999}}
  - property: core
    value: [{fact: demographic, sql: SOURCE/demographic.sql}, {fact: event, sql: SOURCE/event.sql}]
schema:
  - name: visit
    customProperties: [{property: record_id, value: [patient]}]
    properties:
      - {name: patient, classification: direct}
      - {name: first, classification: direct, customProperties: [{property: role, value: given_name}]}
      - {name: last, classification: direct, customProperties: [{property: role, value: surname}]}
      - {name: born, classification: direct, logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd},
         customProperties: [{property: role, value: birth_date}]}
      - {name: ssn, classification: direct, customProperties: [{property: role, value: ssn}]}
      - {name: street, classification: direct, customProperties: [{property: role, value: street}]}
      - {name: zip, classification: quasi, customProperties: [{property: role, value: zip}]}
      - {name: county, classification: quasi}
      - {name: visited, logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}, required: true}
      - {name: mark, required: true}
"""

DEMOGRAPHIC = """
SELECT s.person_key, max(v.birth_month) AS birth_month, NULL AS sex, NULL AS race_ethnicity,
    NULL AS language_group, max(v.county) AS county, max(v.visited) AS as_of
FROM current.SOURCE__visit AS v JOIN spine AS s ON s.record_key = v.record_key
GROUP BY s.person_key
"""
EVENT = """
SELECT s.person_key, v.visited AS event_date, 'visit' AS event_type, NULL AS value, v.mark AS detail
FROM current.SOURCE__visit AS v JOIN spine AS s ON s.record_key = v.record_key
"""
MART = """
project: PROJECT
mart: visits
kind: persons
title: Visits
description: Visits of everybody.
grain: one visit
columns:
  study_id: {description: Random id., role: study_id}
  mark: {description: What the visit was.}
  county: {description: County., role: quasi}
"""
MART_SQL = "SELECT v.study_id, v.detail AS mark, p.county FROM (PARTS) AS v JOIN person AS p USING (study_id)"

PROJECTS = {
    "evaluation": ("clinic", "shelter"),
    "treatment": ("clinic", "recovery"),
    "study": ("clinic", "shelter"),
}
BORN = {18: "2008-06-02"}
"""Who comes of age on the day after `TODAY`."""

PURPOSES = {"evaluation": "program_evaluation", "treatment": "research", "study": "research"}


@dataclass
class State:
    """A home of the small state, its landing directory, and the day."""

    hub: Hub
    landing: Path
    day: date = TODAY
    sequence: int = 0

    def deliver(self, source: str, rows: list[list[str]], year: int = 2024) -> None:
        """Put a year's file of a source into the landing directory."""
        header = "patient,first,last,born,ssn,street,zip,county,visited,mark"
        text = "\n".join([header, *(",".join(row) for row in rows), ""])
        (self.landing / f"{source}_{year}.csv").write_text(text, encoding="utf-8")

    def notice(
        self,
        source: str,
        *entries: dict,
        signatory: str | None = None,
        key: str | None = None,
        sequence: int | None = None,
        name: str = "",
        at: date | None = None,
    ) -> Path:
        """Put a signed notice into the landing directory, and return its file."""
        self.sequence += 1
        who = signatory or owner(self.hub)
        number = sequence or self.sequence
        made = new_notice(
            source,
            [{"act": "set", "from": "2024-01-01", **entry} for entry in entries],
            key_of(key or who),
            signatory=who,
            sequence=number,
            at=text_of(datetime.combine(at or self.day, time(8), UTC)),
            notice_id=name,
        )
        path = self.landing / "restrictions" / f"{self.sequence:04d}-{source}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(made.to_text(), encoding="utf-8")
        return path

    def run(self) -> list[StepResult]:
        """Everything from landing to marts, as the assets do it."""
        place = Workplace(self.hub, self.landing, self.hub.registry.runs.start("run").id)
        place.register_arrivals()
        for step in ingest_pending(self.hub):
            place.record(step)
        settle_restrictions(place)
        make_spine(place)
        make_core(place)
        publish_marts(place)
        return place.steps

    def take(self) -> list[StepResult]:
        """Take notices in, and nothing else."""
        return take_notices(self.hub, self.landing)

    def marks(self, project: str) -> set[str]:
        """The visits a project's mart shows; none where it has no mart."""
        found = [m for m in self.hub.registry.marts.all() if m.project == project]
        if not found:
            return set()
        with self.hub.opener.session(read=[Store.mart(project, found[0].version)]) as session:
            return {mark for (mark,) in session.execute("SELECT mark FROM mart.visits")}

    def core(self) -> set[str]:
        """The visits core holds."""
        return {mark for (mark,) in self.rows("SELECT detail FROM warehouse.core.event")}

    def linked(self) -> set[str]:
        """The record ids in the spine, as `source id`."""
        return {
            name
            for (name,) in self.rows(
                "SELECT x.namespace || ' ' || x.source_id FROM warehouse.spine.current AS s "
                "JOIN vault.crosswalk AS x ON x.key = s.record_key"
            )
        }

    def rows(self, sql: str) -> list[tuple]:
        """Read vault and warehouse."""
        with self.hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
            return session.execute(sql)


def owner(hub: Hub) -> str:
    """A signatory of the agency that owns the sources."""
    roster = hub.agreements.rosters.current
    assert roster is not None
    return next(s.id for s in roster.signatories if s.party == AGENCY)


def person(number: int, source: str, *, born: str = "", mark: str = "", street: str = "") -> list[str]:
    """A row of a person; the same number is the same person in every source."""
    name = "".join(chr(97 + (number * 7 + i * 3) % 26) for i in range(5)).title()
    return [
        f"{source[0].upper()}{number:04d}",
        name,
        f"Fam{chr(97 + number % 26)}{chr(97 + number * 11 % 26)}ley",
        born or BORN.get(number) or f"19{50 + number % 45}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        f"{400_000_000 + number * 7919:09d}",
        street or f"{number} Main St",
        f"98{number % 100:03d}",
        "King",
        "2024-03-05",
        mark or f"{source}-{number}",
    ]


def make_state(base: Path, today: date = TODAY) -> State:
    """Make the small state, with thirty people in each source, ten of them in none but one."""
    for source in SOURCES:
        (base / "contracts").mkdir(exist_ok=True)
        (base / "contracts" / f"{source}.yaml").write_text(CONTRACT.replace("SOURCE", source))
        (base / "core" / source).mkdir(parents=True)
        (base / "core" / source / "demographic.sql").write_text(DEMOGRAPHIC.replace("SOURCE", source))
        (base / "core" / source / "event.sql").write_text(EVENT.replace("SOURCE", source))
    for project, sources in PROJECTS.items():
        folder = base / "marts" / project
        folder.mkdir(parents=True)
        (folder / "visits.yaml").write_text(MART.replace("PROJECT", project))
        parts = " UNION ALL ".join(f"SELECT study_id, detail FROM {source}.event" for source in sources)
        (folder / "visits.sql").write_text(MART_SQL.replace("PARTS", parts))
    (base / "indicators").mkdir()
    config = base / "commonweal.toml"
    config.write_text(
        '[deployment]\nname = "test"\n[home]\npath = "home"\n[link]\npurpose = "performance_management"\n'
    )
    (base / "landing").mkdir()
    state = State(open_state(base, today), base / "landing", today)
    for source, first in (("clinic", 0), ("shelter", 10), ("recovery", 20)):
        state.deliver(source, [person(n, source) for n in range(first, first + 30)])
    return state


class _Deployment(Deployment):
    """A deployment on a day of the test's choice."""

    day: date = TODAY

    def today(self) -> date:
        return self.day


def open_state(base: Path, today: date) -> Hub:
    """Open the hub of the small state on a day."""
    deployment = Deployment.load(base / "commonweal.toml")
    fixed = _Deployment(**{name: getattr(deployment, name) for name in deployment.__dataclass_fields__})
    object.__setattr__(fixed, "day", today)
    if not fixed.keys_dir.exists():
        fixed.home.mkdir(parents=True, exist_ok=True)
        KeyRing.create(fixed.keys_dir)
        Registry.create(fixed.registry_url).close()
    keys = KeyRing.open(fixed.keys_dir)
    registry = Registry.open(fixed.registry_url)
    log = Log(registry, keys.signer())
    agreements = agreements_of()
    opener = Opener(fixed.home, keys, registry.generations, memory_limit="1GB", threads=2)
    gate = Gate(agreements, log, fixed.today)
    return Hub(
        fixed,
        load_contracts(fixed.contracts_dir, fixed.core_dir),
        agreements,
        registry,
        log,
        gate,
        keys,
        opener,
    )


def with_consent(hub: Hub, source: str) -> Hub:
    """The same hub where a source's agreement leaves out whoever has not consented."""
    terms = {"kinds": ["consent", "opt_out"], "unknown": "exclude", "words": "Consent is asked."}
    agreements = agreements_of({source: {"row_restrictions": terms}})
    return replace(hub, agreements=agreements, gate=Gate(agreements, hub.log, hub.deployment.today))


def agreements_of(changes: dict[str, dict] | None = None) -> Agreements:
    """The agreements of the small state, and a license a project."""
    real = load_agreements(ROOT / "data_sharing_agreements" / "documents")
    model, frame = real.dsa_for("esd_wages"), real.dul_for("results")
    columns = ["patient", "first", "last", "born", "ssn", "street", "zip", "county", "visited", "mark"]
    dsas, duls = [], []
    for source in SOURCES:
        apart = source == "recovery"
        purposes = ["research"] if apart else ["performance_management", "program_evaluation", "research"]
        own = model.model_dump(mode="json", by_alias=True) | {
            "id": f"DSA-{source.upper()}",
            "source": source,
            "tables": {"visit": columns},
            "derived": {"visit": {"birth_month": "born"}},
            "purposes": purposes,
            "linkage": {"sources": [s for s in SOURCES if s != source], "purposes": purposes},
        }
        if apart:
            own["legal_basis"] = [
                {"code": "substance-use-42-cfr-2", "statement": "Research under section 2.52."}
            ]
            own["row_restrictions"] = {
                "kinds": ["part2", "opt_out"],
                "unknown": "include",
                "words": "As the law.",
            }
        dsas.append(type(model).model_validate_json(json.dumps(own | (changes or {}).get(source, {}))))
    for number, (project, sources) in enumerate(PROJECTS.items()):
        own = frame.model_dump(mode="json", by_alias=True) | {
            "id": f"DUL-2026-90{number}",
            "project": project,
            "purpose": PURPOSES[project],
            "agreements": [f"DSA-{source.upper()}" for source in sources],
            "fields": {s: {"visit": ["birth_month", "county", "visited", "mark"]} for s in sources},
        }
        duls.append(type(frame).model_validate_json(json.dumps(own)))
    return approved(Agreements(real.emou, tuple(dsas), tuple(duls), real.bases))
