"""A small deployment whose agreement with the clinic has ended.

Belongs here: the ended agreements, and running an ending on them. Does not: assertions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.registry.ends import Ending
from tests.agreements_support import acted
from tests.warehouse_support import Place, clinic_rows, make_place, text_of
from warehouse.ends.plan import begin, plan_dsa
from warehouse.ends.steps import carry_out
from warehouse.hub import Hub

CLINIC_DSA = "DSA-CLINIC"
PEOPLE = 60
ENDED_ON = date(2026, 1, 5)


def terminated(agreements: Agreements, document: str = CLINIC_DSA) -> Agreements:
    """The agreements after the data owner has terminated one."""
    found = next(d for d in agreements.dsas if d.id == document)
    owner = next(p.name for p in found.parties if p.role == "data_owner")
    by = next(s for s in found.signatories if s.party == owner and s.role == "signatory")
    return acted(agreements, document, "terminate", (by.party, by.office), ENDED_ON)


def with_agreements(hub: Hub, agreements: Agreements) -> Hub:
    """The same hub under other agreements."""
    return replace(hub, agreements=agreements, gate=Gate(agreements, hub.log, hub.deployment.today))


def pupils(count: int = 40) -> str:
    """A file of the school."""
    return "pupil_id,grade\n" + "".join(f"S{i:07d},{i % 9}\n" for i in range(count))


def filled(base: Path) -> Place:
    """A clinic of sixty rows in two quarters, with a refused row in each, and a school."""
    place = make_place(base)
    for quarter in ("2023Q1", "2023Q2"):
        rows = clinic_rows(PEOPLE, quarter)
        rows[3][9] = "much"
        place.deliver(f"visits_{quarter}.csv", text_of(rows))
    place.deliver("pupils_2023Q1.csv", pupils())
    assert {step.status for step in place.run(None)} == {"done"}
    return place


def end_clinic(place: Place) -> tuple[Hub, Ending]:
    """End the clinic's agreement and purge what it gave."""
    hub = with_agreements(place.hub, terminated(place.hub.agreements))
    ending = begin(hub, plan_dsa(hub, CLINIC_DSA, hub.deployment.today()))
    return hub, carry_out(hub, ending, lambda: None)
