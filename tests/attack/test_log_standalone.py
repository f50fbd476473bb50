"""The stand-alone verifier: without the house, and against everything that can be done to an export."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update

from data_sharing_agreements.log import Draft, Log
from data_sharing_agreements.log.checkpoints import checkpoint_from, signed
from data_sharing_agreements.log.entries import canonical, commitment_to, entry_leaf
from data_sharing_agreements.log.merkle import Frontier
from data_sharing_agreements.log.witnesses import cosign
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry, log_node
from data_sharing_agreements.store.tables_log import log_state
from tests.logs import SIZE, VERIFIER, Signer, filled, verifier
from tests.registries import drop_triggers

VERIFY = verifier()


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def log(signer):
    with Registry.create("sqlite://") as registry:
        yield filled(registry, signer)


@pytest.fixture
def place(tmp_path, log):
    """A directory with an export, and what an agency kept when the log had 21 entries."""
    log.checkpoint(tmp_path / "kept.json")
    log.export(tmp_path / "log.jsonl", bodies=True)
    return tmp_path


def kinds(place, *names, key=None, witnesses=None) -> set[str]:
    files = [str(place / name) for name in names]
    return {kind for kind, _, _ in VERIFY.verify(files, key, witnesses or {}).faults}


def lines_of(place) -> list[dict]:
    return [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]


def write(place, lines, *, careful=True) -> None:
    """Write an export back; careful forgers make the header fit the entries."""
    entries = [line["entry"] for line in lines if "entry" in line]
    if careful:
        tree = VERIFY.Tree()
        for entry in entries:
            tree.add(VERIFY.entry_leaf(entry))
        header = next(line["header"] for line in lines if "header" in line)
        header |= {"size": tree.size, "root": tree.root()}
    (place / "log.jsonl").write_text("".join(canonical(line) + "\n" for line in lines))


def test_all_that_was_given_holds(place, log, signer):
    (place / "proof.json").write_text(json.dumps(log.prove(5, since=log.checkpoint())))
    found = VERIFY.verify([str(place / n) for n in ("log.jsonl", "kept.json", "proof.json")], None, {})
    assert found.faults == []
    assert any("21 entries" in line for line in found.said)
    assert not kinds(place, "log.jsonl", "kept.json", key=signer.public_key_bytes.hex())
    assert kinds(place, "kept.json", key="00" * 32) == {"checkpoint-forged"}


def test_it_runs_where_the_house_is_not(place):
    shutil.copy(VERIFIER, place / "verify.py")
    barred = ("data_sharing_agreements", "pipelines", "warehouse", "privacy", "sqlalchemy", "pydantic")
    start = (
        "import runpy, sys\n"
        "class Barred:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {barred!r}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Barred())\n"
        "sys.argv = ['verify.py', 'log.jsonl', 'kept.json']\n"
        "runpy.run_path('verify.py', run_name='__main__')\n"
    )
    words = [sys.executable, "-I", "-c", start]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All of it holds." in done.stdout
    (place / "kept.json").write_text("{}")
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert "does NOT hold" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(["log.jsonl", "--public-key", "abc"], "--public-key"), (["nowhere.json"], "nowhere.json")],
)
def test_a_slip_of_the_caller_is_no_forgery(place, words, said, capsys, monkeypatch):
    monkeypatch.chdir(place)
    try:
        code = VERIFY.main(words)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_it_imports_the_standard_library_and_cryptography_alone():
    names = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


@pytest.mark.parametrize("index", [0, 12, 13, SIZE - 1])
@pytest.mark.parametrize(
    "change",
    [{"kind": "session"}, {"clauses": [["DUL-Y", "term"]]}, {"at": "2020-01-01T00:00:00.000000Z"}],
)
def test_an_entry_changed(place, index, change):
    lines = lines_of(place)
    lines[1 + index]["entry"] |= change
    write(place, lines, careful=False)
    assert "root-wrong" in kinds(place, "log.jsonl")
    write(place, lines)
    assert "differs-from-checkpoint" in kinds(place, "log.jsonl")


def test_a_text_changed_and_a_text_removed(place):
    lines = lines_of(place)
    lines[6]["entry"]["body"] = '{"on":"forged","v":1}'
    write(place, lines)
    assert kinds(place, "log.jsonl") == {"body-changed"}
    del lines[6]["entry"]["body"], lines[6]["entry"]["salt"]
    write(place, lines)
    assert kinds(place, "log.jsonl") == {"body-missing"}


def test_a_text_erased_with_its_record(place, log):
    log.erase_body(14, "a court ordered it")
    log.export(place / "log.jsonl", bodies=True)
    assert not kinds(place, "log.jsonl", "kept.json")


@pytest.mark.parametrize("index", [0, 12, 16])
@pytest.mark.parametrize("careful", [False, True])
def test_an_entry_dropped(place, index, careful):
    lines = lines_of(place)
    del lines[1 + index]
    if careful:
        for at, line in enumerate(line for line in lines if "entry" in line):
            line["entry"]["index"] = at
    write(place, lines, careful=careful)
    found = kinds(place, "log.jsonl")
    assert "truncated" in found if careful else "entry-missing" in found


@pytest.mark.parametrize("careful", [False, True])
def test_an_entry_put_in(place, careful):
    lines = lines_of(place)
    lines.insert(9, json.loads(json.dumps(lines[9])))
    if careful:
        for at, line in enumerate(line for line in lines if "entry" in line):
            line["entry"]["index"] = at
    write(place, lines, careful=careful)
    assert ("differs-from-checkpoint" if careful else "entry-missing") in kinds(place, "log.jsonl")


@pytest.mark.parametrize("pair", [(3, 4), (2, 17)])
@pytest.mark.parametrize("careful", [False, True])
def test_entries_reordered(place, pair, careful):
    lines, (left, right) = lines_of(place), pair
    lines[1 + left], lines[1 + right] = lines[1 + right], lines[1 + left]
    if careful:
        lines[1 + left]["entry"]["index"], lines[1 + right]["entry"]["index"] = left, right
    write(place, lines, careful=careful)
    assert ("differs-from-checkpoint" if careful else "entry-missing") in kinds(place, "log.jsonl")


@pytest.mark.parametrize("kept", [0, 5, 13, 20])
def test_the_tail_cut_off(place, kept):
    lines = [line for line in lines_of(place) if line.get("entry", {"index": -1})["index"] < kept]
    write(place, lines)
    assert "truncated" in kinds(place, "log.jsonl")
    write(place, [line for line in lines if "checkpoint" not in line])
    assert not kinds(place, "log.jsonl")
    assert kinds(place, "log.jsonl", "kept.json") == {"truncated"}


def test_time_that_goes_back(place):
    lines = lines_of(place)
    lines[1]["entry"]["at"] = "2099-01-01T00:00:00.000000Z"
    write(place, [line for line in lines if "checkpoint" not in line])
    assert kinds(place, "log.jsonl") == {"time-goes-back"}


def test_entries_no_checkpoint_signs_are_told(place, log):
    log.append("query", {"version": 99})
    log.export(place / "log.jsonl")
    found = VERIFY.verify([str(place / "log.jsonl")], None, {})
    assert "The last 1 entries are signed by no checkpoint." in found.said


@pytest.mark.parametrize(
    "change", [{"size": 12}, {"root": "00" * 32}, {"at": "2020"}, {"signature": "00" * 64}]
)
def test_a_checkpoint_forged(place, change):
    kept = json.loads((place / "kept.json").read_text())
    (place / "kept.json").write_text(json.dumps(kept | change))
    assert kinds(place, "log.jsonl", "kept.json") == {"checkpoint-forged"}


def test_a_checkpoint_signed_by_somebody_else(place, log):
    stranger = Signer()
    genuine = checkpoint_from(log.checkpoint())
    forged = signed(
        checkpoint_from({**genuine.to_json(), "public_key": stranger.public_key_bytes.hex()}), stranger
    )
    (place / "forged.json").write_text(json.dumps(forged.to_json()))
    assert "checkpoint-forged" in kinds(place, "log.jsonl", "forged.json")


def test_a_checkpoint_of_another_log(place, signer):
    with Registry.create("sqlite://") as other:
        Log(other, signer).checkpoint(place / "foreign.json")
    assert "of-another-log" in kinds(place, "log.jsonl", "foreign.json")


def rewrite_history(log) -> None:
    """Change an early entry and sign everything anew, as the hub's own people could."""
    with log.database.writing() as connection:
        drop_triggers(connection)
        words, salt = '{"on":"forged","v":1}', b"s" * 32
        connection.execute(update(log_body).where(log_body.c.idx == 4).values(salt=salt, body=words))
        connection.execute(
            update(log_entry).where(log_entry.c.idx == 4).values(commitment=commitment_to(salt, words))
        )
        for table in (log_checkpoint, log_state, log_node):
            connection.execute(delete(table))
        frontier = Frontier()
        for row in connection.execute(select(log_entry).order_by(log_entry.c.idx)).all():
            leaf = entry_leaf(row.idx, row.at, row.kind, row.clauses, bytes(row.commitment))
            connection.execute(update(log_entry).where(log_entry.c.idx == row.idx).values(leaf=leaf))
            for level, made in frontier.push(leaf):
                connection.execute(insert(log_node).values(ends_at=row.idx, level=level, hash=made))
    log.checkpoint()


def test_a_history_rewritten_by_the_holder_of_the_key(place, log):
    """Everything is signed anew with the real key: only what an agency kept tells."""
    rewrite_history(log)
    assert log.verify().ok
    log.export(place / "log.jsonl", bodies=True)
    assert not kinds(place, "log.jsonl")
    assert kinds(place, "log.jsonl", "kept.json") == {"fork", "differs-from-checkpoint"}


def test_a_fork_shown_to_one_agency_only(place, log):
    rewrite_history(log)
    log.checkpoint(place / "other.json")
    assert kinds(place, "kept.json", "other.json") == {"fork"}


def test_checkpoints_of_different_sizes_need_a_log_or_a_proof(place, log):
    log.append("query", {"version": 99})
    log.checkpoint(place / "later.json")
    names = [str(place / "kept.json"), str(place / "later.json")]
    found = VERIFY.verify(names, None, {})
    assert found.faults == []
    assert any("different sizes" in line for line in found.said)
    kept = json.loads((place / "kept.json").read_text())
    (place / "proof.json").write_text(json.dumps(log.prove(20, SIZE + 1, kept)))
    assert not kinds(place, "kept.json", "later.json", "proof.json")


PROOF_CHANGES = {
    "another root": lambda proof: proof | {"root": "00" * 32},
    "another entry": lambda proof: proof | {"entry": proof["entry"] | {"kind": "session"}},
    "another place": lambda proof: proof | {"entry": proof["entry"] | {"index": 6}},
    "a step less": lambda proof: proof | {"inclusion": proof["inclusion"][1:]},
    "a step more": lambda proof: proof | {"inclusion": [*proof["inclusion"], "00" * 32]},
    "no path from the old": lambda proof: proof | {"consistency": proof["consistency"] | {"path": []}},
    "a wrong path": lambda proof: (
        proof | {"consistency": proof["consistency"] | {"path": proof["consistency"]["path"][::-1]}}
    ),
}


@pytest.mark.parametrize("change", PROOF_CHANGES.values(), ids=PROOF_CHANGES)
def test_a_proof_changed(place, log, change):
    early = json.loads(
        json.dumps(next(line["checkpoint"] for line in lines_of(place) if "checkpoint" in line))
    )
    (place / "proof.json").write_text(json.dumps(change(log.prove(5, since=early))))
    assert kinds(place, "proof.json") == {"proof-wrong"}


def test_a_proof_that_nobody_signed(place, log):
    log.append("query", {"version": 99})
    (place / "proof.json").write_text(json.dumps(log.prove(SIZE)))
    assert kinds(place, "proof.json", "kept.json") == {"proof-unsigned"}


def test_every_proof_of_the_house_convinces_the_verifier(log):
    """Two implementations of RFC 6962: the house makes, the verifier checks."""
    log.append_many(Draft("query", {"version": n}) for n in range(12))
    for size in range(1, log.size + 1):
        root = log.root_at(size)
        for index in range(size):
            proof = log.prove(index, size)
            path = [bytes.fromhex(step) for step in proof["inclusion"]]
            assert VERIFY.included(VERIFY.entry_leaf(proof["entry"]), index, size, path).hex() == root
        for old in range(1, size + 1):
            path = [bytes.fromhex(step) for step in log.consistency_proof(old, size)]
            before = bytes.fromhex(log.root_at(old))
            assert VERIFY.continued(old, size, path, True, before) == (before, bytes.fromhex(root))


def test_cosignatures(place, log, signer):
    clerk = Signer()
    kept = checkpoint_from(json.loads((place / "kept.json").read_text()))
    made = cosign(kept, None, [], signer.public_key_bytes, "clerk", clerk.key, datetime.now(UTC))
    (place / "co.json").write_text(json.dumps(made))
    key = clerk.public_key_bytes.hex()
    assert not kinds(place, "log.jsonl", "co.json", witnesses={"clerk": key})
    assert kinds(place, "co.json", witnesses={"clerk": "00" * 32}) == {"cosignature-wrong"}
    (place / "co.json").write_text(json.dumps(made | {"size": 20}))
    assert kinds(place, "co.json") == {"cosignature-wrong"}
    rewrite_history(log)
    log.export(place / "log.jsonl")
    (place / "co.json").write_text(json.dumps(made))
    assert "differs-from-checkpoint" in kinds(place, "log.jsonl", "co.json")


def test_certificates_and_acts(place, signer):
    def sealed(content, by):
        content = content | {"public_key": by.public_key_bytes.hex()}
        return content | {"signature": by.sign(canonical(content).encode()).hex()}

    agency = Signer()
    certificate = sealed({"schema": "commonweal/certificate/1", "what": "rows"}, signer)
    act = sealed(
        {
            "schema": "commonweal/act/1",
            "act": "approve",
            "document": "DSA-X",
            "version": 1,
            "sha256": "00",
            "signatory": "clerk",
            "at": "2026-01-01",
        },
        agency,
    )
    for name, content, field in (("c.json", certificate, "what"), ("a.json", act, "document")):
        (place / name).write_text(json.dumps(content))
        assert not kinds(place, "kept.json", name)
        (place / name).write_text(json.dumps(content | {field: "other"}))
        assert kinds(place, "kept.json", name) == {"signature-wrong"}
    (place / "c.json").write_text(json.dumps(sealed({**certificate, "signature": ""}, agency)))
    assert kinds(place, "kept.json", "c.json", key=signer.public_key_bytes.hex()) == {"signature-wrong"}


@pytest.mark.parametrize("content", ["", "not JSON", "[]", '{"schema": "other"}', '{"header": {}}'])
def test_what_is_none_of_all_this(place, content, capsys):
    (place / "x").write_text(content)
    assert VERIFY.main([str(place / "x"), "--json"]) in (2, 6)
    capsys.readouterr()
