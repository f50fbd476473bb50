"""The log as the house uses it: entries, proofs, checkpoints, and what it will not do."""

from __future__ import annotations

import json
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from data_sharing_agreements.errors import Invalid, UsageFault
from data_sharing_agreements.log import Draft, Log, check_anchor
from data_sharing_agreements.log.entries import canonical
from data_sharing_agreements.log.merkle import EMPTY_ROOT, is_consistent, root_from_inclusion
from data_sharing_agreements.registry import Registry


class Signer:
    """A signing key of its own, as the key ring gives one."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


@pytest.fixture(scope="module")
def log():
    with Registry.create("sqlite://") as registry:
        made = Log(registry, Signer())
        made.append_many(Draft("decision", {"on": n}, (("DSA-X", "term"),)) for n in range(11))
        yield made


def hashes(path):
    return [bytes.fromhex(text) for text in path]


def test_an_empty_log():
    with Registry.create("sqlite://") as registry:
        log = Log(registry, Signer())
        assert (log.size, log.root, log.last_entry_at()) == (0, EMPTY_ROOT.hex(), None)
        assert log.show() == []
        assert log.checkpoint()["size"] == 0
        assert log.verify().ok


def test_entries_are_shown_newest_last(log):
    shown = log.show(3)
    assert [entry["summary"]["on"] for entry in shown] == [8, 9, 10]
    assert shown[-1]["clauses"] == [{"document": "DSA-X", "clause": "term"}]
    assert shown[-1]["at"] == log.last_entry_at()


def test_proofs_lead_to_the_root(log):
    from sqlalchemy import select

    from data_sharing_agreements.store.schema import log_entry

    with log.database.reading() as connection:
        leaves = [bytes(leaf) for leaf in connection.execute(select(log_entry.c.leaf)).scalars()]
    for size in range(1, log.size + 1):
        root = bytes.fromhex(log.root_at(size))
        for index in range(size):
            path = hashes(log.inclusion_proof(index, size))
            assert root_from_inclusion(leaves[index], index, size, path) == root
        proof = hashes(log.consistency_proof(size))
        assert is_consistent(size, log.size, root, bytes.fromhex(log.root), proof)


@pytest.mark.parametrize("ask", [(11, None), (-1, None), (3, 99), (3, 3)])
def test_there_is_no_proof_of_what_is_not_there(log, ask):
    with pytest.raises(UsageFault, match="no-such-entry"):
        log.inclusion_proof(*ask)


@pytest.mark.parametrize("ask", [(12, None), (-1, None), (3, 99)])
def test_there_is_no_consistency_with_what_is_not_there(log, ask):
    with pytest.raises(UsageFault, match="no-such-entry"):
        log.consistency_proof(*ask)


def test_a_checkpoint_goes_to_a_file_or_into_a_directory(log, tmp_path):
    content = log.checkpoint(tmp_path / "kept" / "mine.json")
    assert json.loads((tmp_path / "kept" / "mine.json").read_text()) == content
    log.checkpoint(tmp_path)
    assert json.loads((tmp_path / f"{log.size:012d}.json").read_text())["root"] == content["root"]
    report = log.verify([tmp_path / "kept" / "mine.json", content])
    assert report.ok
    assert report.to_json()["schema"] == "commonweal/log verify/1"
    check_anchor(log, tmp_path)


def test_without_a_key_nothing_is_signed_or_believed(log, tmp_path):
    reader = Log(type("Holder", (), {"database": log.database}), None)
    with pytest.raises(UsageFault, match="no-signer"):
        reader.checkpoint()
    with pytest.raises(UsageFault, match="no-public-key"):
        reader.verify()
    log.checkpoint(tmp_path)
    with pytest.raises(UsageFault, match="no-public-key"):
        check_anchor(reader, tmp_path)
    check_anchor(reader, tmp_path, log.signer.public_key_bytes)
    assert reader.verify(public_key=log.signer.public_key_bytes).ok


@pytest.mark.parametrize("content", [None, "not JSON", "[]"])
def test_a_file_that_is_no_checkpoint(log, tmp_path, content):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Invalid, match="checkpoint-unreadable"):
        log.verify([path])


def test_bodies_have_one_text():
    assert (
        canonical({"b": frozenset({"y", "x"}), "a": date(2026, 1, 2)}) == '{"a":"2026-01-02","b":["x","y"]}'
    )
    with pytest.raises(TypeError, match="a log body cannot hold bytes"):
        canonical({"a": b"bytes"})
