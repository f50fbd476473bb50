"""Witnesses: what they sign, what counts, and what waits for them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import IntegrityFault, Refused
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.lifecycle.demonstration import key_of
from data_sharing_agreements.log.checkpoints import checkpoint_from, signed
from data_sharing_agreements.log.comparing import compared
from data_sharing_agreements.log.entries import canonical
from data_sharing_agreements.log.witnesses import Witness, cosign
from data_sharing_agreements.publication import WAITS, why_publication_waits, witnesses_of
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.tables_log import log_cosignature
from tests.logs import Signer, filled

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CLERK, DOCTOR = Signer(), Signer()
WITNESSES = (
    Witness("clerk", "Town", CLERK.public_key_bytes.hex()),
    Witness("deputy", "Town", DOCTOR.public_key_bytes.hex()),
    Witness("doctor", "Health", DOCTOR.public_key_bytes.hex()),
)


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def log(signer, registry_url):
    with Registry.open(registry_url) as registry:
        yield filled(registry, signer)


def vouch(log, who="clerk", key=CLERK, since=None, path=()):
    checkpoint = checkpoint_from(log.checkpoint())
    return cosign(checkpoint, since, path, log.signer.public_key_bytes, who, key.key, NOW)


def test_a_cosignature_is_taken_in_once_and_written_down(log):
    made = vouch(log)
    assert log.take_cosignature(made, WITNESSES) == 21
    assert log.take_cosignature(made, WITNESSES) == 21
    assert [entry["summary"]["witness"] for entry in log.show(kind="witness")] == ["clerk"]
    assert (log.witnessed_size(1, WITNESSES), log.witnessed_size(2, WITNESSES)) == (21, 0)


def test_parties_are_counted_not_people(log):
    log.take_cosignature(vouch(log), WITNESSES)
    log.take_cosignature(vouch(log, "deputy", DOCTOR), WITNESSES)
    assert log.witnessed_size(2, WITNESSES) == 0
    log.take_cosignature(vouch(log, "doctor", DOCTOR), WITNESSES)
    assert log.witnessed_size(2, WITNESSES) == 22
    assert log.witnessed_size(1, WITNESSES) == 23
    assert log.witnessed_size(3, WITNESSES) == 0


@pytest.mark.parametrize(
    "change",
    [{"size": 20}, {"witness": "doctor"}, {"witness": "nobody"}, {"signature": "00"}, {"schema": "x"}],
    ids=str,
)
def test_a_cosignature_that_does_not_count(log, change):
    with pytest.raises(Refused, match="cosignature-not-counted"):
        log.take_cosignature(vouch(log) | change, WITNESSES)
    assert log.witnessed_size(1, WITNESSES) == 0


def test_a_row_put_in_behind_the_back_does_not_count(log):
    forged = vouch(log) | {"size": 20}
    with log.database.writing() as connection:
        row = {"size": 20, "witness": "clerk", "cosignature": canonical(forged)}
        connection.execute(insert(log_cosignature).values(**row))
    assert log.witnessed_size(1, WITNESSES) == 0


def test_a_witness_that_saw_another_log(log, signer):
    other = replace(checkpoint_from(log.checkpoint()), root="00" * 32)
    made = cosign(signed(other, signer), None, [], signer.public_key_bytes, "clerk", CLERK.key, NOW)
    with pytest.raises(IntegrityFault, match="witness-saw-another-log"):
        log.take_cosignature(made, WITNESSES)


def test_a_witness_signs_only_what_continues(log, signer):
    old = checkpoint_from(log.checkpoint())
    log.append("query", {"version": 99})
    path = log.prove(3, 22, old.to_json())["consistency"]["path"]
    assert vouch(log, since=old, path=path)["size"] == 22
    for wrong in ([], path[:-1], [*path, "00" * 32], ["zz"], path[::-1]):
        with pytest.raises(IntegrityFault, match="not-cosigned"):
            vouch(log, since=old, path=wrong)
    rewritten = signed(replace(old, root="11" * 32), signer)
    with pytest.raises(IntegrityFault, match="not-cosigned"):
        vouch(log, since=rewritten, path=path)
    with pytest.raises(IntegrityFault, match="not-cosigned"):
        vouch(log, since=replace(old, at="2020"), path=path)


def test_two_checkpoints_of_one_size_that_differ_are_a_fork(log, signer):
    one = log.checkpoint()
    two = signed(replace(checkpoint_from(one), root="11" * 32), signer).to_json()
    key = signer.public_key_bytes
    assert compared([one, two], key).faults == ((21, "fork"),)
    assert compared([one, one], key).faults == ()
    assert compared([one, log.prove(3, 13)["checkpoint"]], key).apart == (13, 21)
    assert compared([two], key, log.root_at).faults == ((21, "differs-from-log"),)
    assert compared([one], key, lambda _: None).faults == ((21, "truncated"),)
    assert compared([one | {"size": 20}], key).faults == ((20, "checkpoint-forged"),)


EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
TODAY = date(2026, 6, 1)
EXPORT = Request("export", project="results", form="aggregates")


def waiting(**changes):
    named = EVERGREEN.emou.witnesses.model_copy(update={"publication_waits": True, **changes})
    return replace(EVERGREEN, emou=EVERGREEN.emou.model_copy(update={"witnesses": named}))


def test_the_witnesses_are_the_parties_named_with_keys_nobody_revoked():
    found = witnesses_of(EVERGREEN, TODAY)
    assert {w.party for w in found} == set(EVERGREEN.emou.witnesses.names)
    roster = EVERGREEN.rosters.current
    revoked = tuple(s.model_copy(update={"revoked": TODAY}) for s in roster.signatories)
    rosters = replace(EVERGREEN.rosters, chain=(roster.model_copy(update={"signatories": revoked}),))
    none = replace(EVERGREEN, rosters=rosters)
    assert witnesses_of(none, TODAY) == ()


def test_publication_waits_until_the_mart_is_witnessed(log):
    agreements = waiting()
    assert why_publication_waits(EXPORT, EVERGREEN, log, TODAY) is None
    reason = why_publication_waits(EXPORT, agreements, log, TODAY)
    assert (reason.code, reason.clause) == (WAITS, "witnesses.publication_waits")
    assert why_publication_waits(replace(EXPORT, verb="query"), agreements, log, TODAY) is None
    witness = witnesses_of(agreements, TODAY)[0]
    key = type("Key", (), {"key": key_of(witness.id)})
    log.take_cosignature(vouch(log, witness.id, key), [witness])
    assert why_publication_waits(EXPORT, agreements, log, TODAY) is None
    log.append("mart", {"project": "results", "mart": "m", "version": "1", "obligations": []})
    assert why_publication_waits(EXPORT, agreements, log, TODAY) is not None
    assert why_publication_waits(replace(EXPORT, project="other"), agreements, log, TODAY) is None
    log.take_cosignature(vouch(log, witness.id, key), [witness])
    assert why_publication_waits(EXPORT, agreements, log, TODAY) is None


def test_the_gate_refuses_what_must_wait(log, monkeypatch):
    from data_sharing_agreements import gate as module
    from data_sharing_agreements.decisions import ClauseRef, Decision, Obligation, Obligations

    obliged = Obligations((Obligation("cell_rule", 11, "DSA-X", "cell_rule"),))
    monkeypatch.setattr(module, "decide", lambda *_: Decision(True, (), obliged))
    with pytest.raises(Refused, match=WAITS) as caught:
        Gate(waiting(), log, lambda: TODAY).require(EXPORT)
    assert caught.value.details[0].document == EVERGREEN.emou.id
    assert log.show(kind="decision")[-1]["summary"]["permitted"] is False
    refused = Gate(waiting(), log, lambda: TODAY).ask(EXPORT)
    assert refused.clauses == (ClauseRef(EVERGREEN.emou.id, "witnesses.publication_waits"),)
    assert refused.obligations == Obligations()
    assert Gate(EVERGREEN, log, lambda: TODAY).require(EXPORT).permitted


def test_what_is_refused_anyway_is_refused_for_its_own_reason(log, monkeypatch):
    from data_sharing_agreements import gate as module
    from data_sharing_agreements.decisions import Decision

    own = Decision(False, ())
    monkeypatch.setattr(module, "decide", lambda *_: own)
    assert Gate(waiting(), log, lambda: TODAY).ask(EXPORT) == own


def test_an_export_carries_cosignatures(log, tmp_path):
    log.take_cosignature(vouch(log), WITNESSES)
    log.export(tmp_path / "log.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["cosignature"]["witness"] for line in lines if "cosignature" in line] == ["clerk"]
    assert not any("body" in line.get("entry", {}) for line in lines)
