"""The gate: every answer is written down, and a refusal names document and clause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import IntegrityFault, Refused
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
QUERY = Request("query", project="tanf-leavers", actor="researcher", form="rows")


@pytest.fixture
def log(tmp_path):
    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        yield Log(registry, None)


def gate_on(log, day=date(2026, 6, 1), agreements=EVERGREEN) -> Gate:
    return Gate(agreements, log, lambda: day)


def test_a_permission_is_given_and_written_down(log):
    decision = gate_on(log).require(QUERY)
    (entry,) = log.show(1)
    assert decision.permitted
    assert entry["kind"] == "decision"
    assert entry["index"] == decision.entry
    assert entry["summary"]["request"] == QUERY.to_json()
    assert entry["summary"]["on"] == "2026-06-01"
    assert entry["summary"]["obligations"] == decision.obligations.listed()
    assert {(c["document"], c["clause"]) for c in entry["clauses"]} == set(decision.clauses)


def test_an_agreement_that_expired_yesterday(log):
    with pytest.raises(Refused) as caught:
        gate_on(log, date(2036, 1, 1)).require(QUERY)
    assert caught.value.exit_code == 3
    expired = [d for d in caught.value.details if d.code == "agreement-expired"]
    assert ("DSA-ESD-WAGES", "term.expiry") in {(d.document, d.clause) for d in expired}
    assert all(d.what and d.why and d.next for d in caught.value.details)
    assert log.show(1)[0]["summary"]["permitted"] is False


def test_asking_never_raises_and_names_the_source(log):
    gate = gate_on(log)
    request = Request("ingest", sources=frozenset({"doc_prisons"}), fields=frozenset({"doc_prisons.a.b"}))
    assert not gate.ask(request).permitted
    with pytest.raises(Refused) as caught:
        gate.require(request)
    assert {detail.source for detail in caught.value.details} == {"doc_prisons"}


def test_what_cannot_be_written_down_is_not_permitted(tmp_path):
    from datetime import UTC, datetime, timedelta

    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        Log(registry, None).append("decision", {})
        late = Log(registry, None, lambda: datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(IntegrityFault, match="clock-set-back"):
            gate_on(late).require(QUERY)


def test_the_log_says_which_documents_a_decision_rests_on(log):
    gate_on(log).ask(QUERY)
    gate_on(log).ask(QUERY)
    documents = [entry for entry in log.show(100) if entry["kind"] == "agreement"]
    assert {e["summary"]["document"]: e["summary"]["sha256"] for e in documents} == EVERGREEN.digests()
    amended = EVERGREEN.dsas[0].model_copy(update={"version": 2})
    fewer = EVERGREEN.duls[:1]
    changed = replace(EVERGREEN, dsas=(amended, *EVERGREEN.dsas[1:]), duls=fewer, versions=())
    gate_on(log, agreements=changed).ask(QUERY)
    later = [entry["summary"] for entry in log.show(100) if entry["kind"] == "agreement"][len(documents) :]
    assert [(e["document"], e.get("version")) for e in later] == [
        (amended.id, 2),
        (EVERGREEN.duls[1].id, None),
    ]
    assert later[0]["replaces"] == EVERGREEN.digests()[amended.id]


def test_keeping_stores_in_order_is_written_down_once_a_day(log):
    days = [date(2026, 6, 1)]
    gate = Gate(EVERGREEN, log, lambda: days[-1])

    def kept() -> list[str]:
        entries = log.show(None, kind="decision")
        return [e["summary"]["on"] for e in entries if e["summary"]["request"]["verb"] == "keep"]

    gate.keep()
    gate.keep()
    assert kept() == ["2026-06-01"]
    days.append(date(2026, 6, 2))
    gate.keep()
    assert kept() == ["2026-06-01", "2026-06-02"]


def test_documents_are_written_down_once_a_process(log, monkeypatch):
    written = []
    monkeypatch.setattr("data_sharing_agreements.gate.write_down_documents", lambda *_: written.append(1))
    gate = gate_on(log)
    gate.ask(QUERY)
    gate.ask(QUERY)
    assert written == [1]
