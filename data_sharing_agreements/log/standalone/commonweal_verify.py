#!/usr/bin/env python3
"""Check what a Commonweal hub gave you, without Commonweal.

    python commonweal_verify.py FILE... [--public-key HEX] [--witness NAME=HEX]... [--json]

Give it every file you have: an export of the log, checkpoints you kept, proofs, cosignatures of
witnesses, certificates of destruction, signed acts. Each says itself what it is, and all are checked
against one another. Give the hub's public key as its people told you: one in a file proves nothing.

It needs Python 3.9 and the package `cryptography`, and no network. Exit codes: 0 what
was given holds, 6 something does not, 2 a file cannot be read.

Belongs here: an implementation of its own of RFC 6962 (RFC 9162, section 2.1) and of
the signatures. Does not: anything imported from the house that made the files.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]

EXPORT = "commonweal/log export/1"
PROOF = "commonweal/log proof/1"
CHECKPOINT = "commonweal/checkpoint/1"
COSIGNATURE = "commonweal/cosignature/1"
ACT = "commonweal/act/1"
CERTIFICATE = "commonweal/certificate/"

WORDS = {
    "entry-missing": "an entry is missing",
    "truncated": "the log is shorter than a checkpoint says",
    "differs-from-checkpoint": "the log does not begin as a checkpoint says: its history was rewritten",
    "fork": "two genuine checkpoints of one size differ: two histories were shown",
    "checkpoint-forged": "a checkpoint is not signed by the hub's key",
    "of-another-log": "the files speak of more than one log",
    "body-changed": "the text of an entry is not the one that was committed",
    "body-missing": "the text of an entry is missing and no entry says that it was erased",
    "time-goes-back": "an entry is older than the one before",
    "root-wrong": "the log's root is not the one its header says",
    "proof-wrong": "a proof does not lead to the root it names",
    "proof-unsigned": "a proof leads to a root that no checkpoint at hand signs",
    "cosignature-wrong": "a cosignature is not by the witness' key, or of another history",
    "signature-wrong": "a signature does not fit the file, or is not by the key expected",
    "not-understood": "a file is none of those this program knows",
}


def sha256(*data: bytes) -> bytes:
    """SHA-256 of bytes put together; of an inner node: 1 and its two children."""
    return hashlib.sha256(b"".join(data)).digest()


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def is_signed(content: Json, key: str | None = None) -> bool:
    """Whether the object's signature is by the key (by its own, if none is given) over all else in it."""
    named = content.get("public_key")
    if not isinstance(named, str) or (key is not None and named != key):
        return False
    unsigned = {name: value for name, value in content.items() if name != "signature"}
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(named))
        public.verify(bytes.fromhex(str(content.get("signature"))), canonical(unsigned))
    except (InvalidSignature, ValueError):
        return False
    return True


class Tree:
    """A growing Merkle tree: the roots of its complete subtrees, largest first, as (leaves, hash)."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next entry."""
        self.size += 1
        self._stack.append((1, leaf))
        while len(self._stack) > 1 and self._stack[-1][0] == self._stack[-2][0]:
            (count, right), (_, left) = self._stack.pop(), self._stack.pop()
            self._stack.append((2 * count, sha256(b"\x01", left, right)))

    def root(self) -> str:
        """Root of the tree so far, hex."""
        if not self._stack:
            return sha256(b"").hex()
        folded = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            folded = sha256(b"\x01", left, folded)
        return folded.hex()


def included(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 6962, 2.1.1, read backwards)."""
    if size == 1:
        if path:
            raise ValueError("the proof is too long")
        return leaf
    sibling, rest, half = path[-1], path[:-1], 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha256(b"\x01", included(leaf, index, half, rest), sibling)
    return sha256(b"\x01", sibling, included(leaf, index - half, size - half, rest))


def continued(old: int, size: int, path: list[bytes], whole: bool, old_root: bytes) -> tuple[bytes, bytes]:
    """The roots (older, newer) that a consistency proof leads to (RFC 6962, 2.1.2, read backwards)."""
    if old == size:
        if whole:
            if path:
                raise ValueError("the proof is too long")
            return old_root, old_root
        (only,) = path
        return only, only
    sibling, rest, half = path[-1], path[:-1], 1 << (size - 1).bit_length() - 1
    if old <= half:
        older, newer = continued(old, half, rest, whole, old_root)
        return older, sha256(b"\x01", newer, sibling)
    older, newer = continued(old - half, size - half, rest, False, old_root)
    return sha256(b"\x01", sibling, older), sha256(b"\x01", sibling, newer)


def entry_leaf(entry: Json) -> bytes:
    """The leaf of an entry: its place, time, kind, clauses and the commitment to its text."""
    names = ("at", "clauses", "commitment", "index", "kind")
    return sha256(b"\x00" + canonical({**{name: entry[name] for name in names}, "v": 1}))


@dataclass
class Findings:
    """What was checked, in words, and what does not hold."""

    key: str | None
    witnesses: dict[str, str]
    said: list[str] = field(default_factory=list)
    faults: list[tuple[str, str, int]] = field(default_factory=list)
    origins: set[Any] = field(default_factory=set)
    roots: dict[int, tuple[str, str]] = field(default_factory=dict)
    log_roots: dict[int, str] = field(default_factory=dict)
    log_size: int | None = None

    def fault(self, kind: str, name: str, index: int = 0) -> None:
        """Note what does not hold, in which file, at which entry or size."""
        if len(self.faults) < 1000 and (kind, name, index) not in self.faults:
            self.faults.append((kind, name, index))

    def vouched(self, name: str, content: Json) -> None:
        """A genuine signature vouches for a root; another root of the same size is a fork."""
        size, root = content["size"], str(content["root"])
        self.origins.add(content.get("origin"))
        known = self.roots.setdefault(size, (root, name))
        if known[0] != root:
            self.fault("fork", f"{known[1]} and {name}", size)
        if self.log_size is not None and size > self.log_size:
            self.fault("truncated", name, size)
        elif self.log_size is not None and self.log_roots.get(size) != root:
            self.fault("differs-from-checkpoint", name, size)


def check_checkpoint(name: str, content: Json, found: Findings) -> bool:
    """Check that the hub signed a checkpoint, and that it fits all else."""
    if content.get("schema") != CHECKPOINT or not is_signed(content, found.key):
        found.fault("checkpoint-forged", name)
        return False
    found.vouched(name, content)
    found.said.append(f"{name}: the hub signed {content['size']:,} entries on {content['at']}.")
    return True


class Export:
    """An export going by, line by line: the tree is rebuilt from the entries alone."""

    def __init__(self, name: str, found: Findings) -> None:
        self.name, self.found, self.tree = name, found, Tree()
        self.header: Json = {}
        self.signed: list[Json] = []
        self.last = ""
        self.bare: set[int] = set()
        self.erased: set[Any] = set()

    def check(self, wanted: Sequence[int]) -> list[Json]:
        """Read the file; return the signed objects at its end."""
        sizes, roots = {0, *wanted}, {0: self.tree.root()}
        with Path(self.name).open(encoding="utf-8") as file:
            for line in file:
                ((what, content),) = json.loads(line).items()
                if what == "entry":
                    self.entry(content)
                    if self.tree.size in sizes:
                        roots[self.tree.size] = self.tree.root()
                elif what == "header":
                    self.header = content
                else:
                    self.signed.append(content)
        self.found.log_size, self.found.log_roots = self.tree.size, roots
        self.end()
        return self.signed

    def entry(self, entry: Json) -> None:
        """Check one entry against the one before, and its text if it is there."""
        if entry["index"] != self.tree.size:
            self.found.fault("entry-missing", self.name, self.tree.size)
        if entry["at"] < self.last:
            self.found.fault("time-goes-back", self.name, entry["index"])
        self.last = max(self.last, entry["at"])
        self.tree.add(entry_leaf(entry))
        if "body" not in entry:
            self.bare.add(entry["index"])
        elif sha256(bytes.fromhex(entry["salt"]) + entry["body"].encode()).hex() != entry["commitment"]:
            self.found.fault("body-changed", self.name, entry["index"])
        elif entry["kind"] == "erasure":
            self.erased.add(json.loads(entry["body"]).get("entry"))

    def end(self) -> None:
        """Compare what was read with what the header says."""
        tree, texts = self.tree, ""
        if self.header["bodies"]:
            texts = f", {tree.size - len(self.bare):,} of them with their text"
            for index in sorted(self.bare - self.erased):
                self.found.fault("body-missing", self.name, index)
        self.found.origins.add(self.header.get("origin"))
        if (self.header["size"], self.header["root"]) != (tree.size, tree.root()):
            self.found.fault("root-wrong", self.name, tree.size)
        self.found.said.append(f"{self.name}: the log has {tree.size:,} entries{texts}; root {tree.root()}.")


def check_proof(name: str, proof: Json, found: Findings) -> None:
    """Check that an entry is in a log, and that somebody signed that log."""
    entry, size, root = proof["entry"], proof["size"], proof["root"]
    try:
        path = [bytes.fromhex(step) for step in proof["inclusion"]]
        reached = included(entry_leaf(entry), entry["index"], size, path).hex()
    except (ValueError, IndexError):
        reached = ""
    if reached != root or not 0 <= entry["index"] < size:
        found.fault("proof-wrong", name, entry["index"])
        return
    if (held := proof.get("checkpoint")) is not None:
        check_checkpoint(name, held, found)
    signed = found.roots.get(size, (None, ""))[0]
    if signed != root:
        found.fault("proof-unsigned" if signed is None else "differs-from-checkpoint", name, size)
    said = f"{name}: entry {entry['index']} ({entry['kind']}, {entry['at']}) is one of {size:,} entries"
    if (since := proof.get("consistency")) is not None:
        said += check_consistency(name, since, size, root, found)
    found.said.append(said + ".")


def check_consistency(name: str, since: Json, size: int, root: str, found: Findings) -> str:
    """Check that an older checkpoint begins a log."""
    old = since["from"]
    if not check_checkpoint(name, old, found):
        return ""
    try:
        path, before = [bytes.fromhex(step) for step in since["path"]], bytes.fromhex(old["root"])
        roots = continued(old["size"], size, path, True, before) if old["size"] else (sha256(b""), None)
        right = roots[0] == before and (roots[1] is None or roots[1].hex() == root)
    except (ValueError, IndexError):
        right = False
    if not right:
        found.fault("proof-wrong", name, old["size"])
    return f", which begin with the {old['size']:,} of an older checkpoint"


def check_cosignature(name: str, content: Json, found: Findings) -> None:
    """Check a witness' signature, and that what it signed fits all else."""
    key = found.witnesses.get(str(content.get("witness")))
    if content.get("schema") != COSIGNATURE or not is_signed(content, key):
        found.fault("cosignature-wrong", name)
        return
    found.vouched(name, content)
    whose = "with the key given" if key else "with a key of its own: compare it with the roster"
    found.said.append(f"{name}: {content['witness']} vouches for {content['size']:,} entries, {whose}.")


def check_signed(name: str, content: Json, found: Findings) -> None:
    """Check an act, which its signatory signed, or a certificate, which the hub signed."""
    act = content.get("schema") == ACT
    if not is_signed(content, None if act else found.key):
        found.fault("signature-wrong", name)
    elif act:
        what = f"{content['act']} of {content['document']} version {content['version']}"
        compare = f"compare the key {content['public_key']} with the roster"
        found.said.append(f"{name}: {content['signatory']} signed `{what}` on {content['at']}; {compare}.")
    else:
        found.said.append(f"{name}: the certificate is signed by the hub and unchanged.")


def read(name: str) -> tuple[str, Json]:
    """What a file is, and its content; of an export only its header."""
    with Path(name).open(encoding="utf-8") as file:
        first = file.readline()
        try:
            start = json.loads(first)
            header = start.get("header") if isinstance(start, dict) else None
        except ValueError:
            start, header = json.loads(first + file.read()), None
    if isinstance(header, dict):
        return str(header.get("schema")), header
    return str(start.get("schema")), dict(start)


def hub_key(given: str | None, files: Sequence[tuple[str, str, Json]], found: Findings) -> str | None:
    """The key the hub's signatures must be by: the one given, or the one all files name."""
    if given:
        return given.lower()
    theirs = [c for _, schema, c in files if schema in (EXPORT, CHECKPOINT) or schema.startswith(CERTIFICATE)]
    keys = sorted({str(content.get("public_key")) for content in theirs})
    if len(keys) > 1:
        found.fault("checkpoint-forged", "the files name different keys of the hub")
    if keys:
        found.said.append(f"No public key was given. The files name {keys[0]}: ask the hub if it is theirs.")
    return keys[0] if keys else None


def verify(names: Sequence[str], key: str | None, witnesses: dict[str, str]) -> Findings:
    """Check files one by one and against one another: exports first, then checkpoints, then the rest."""
    found = Findings(None, witnesses)
    files = [(name, *read(name)) for name in names]
    found.key = hub_key(key, files, found)
    wanted = [size for _, _, content in files for size in sizes_in(content)]
    for name in (name for name, schema, _ in files if schema == EXPORT):
        for signed in Export(name, found).check(wanted):
            judge(name, str(signed.get("schema")), signed, found)
    rest = [file for file in files if file[1] != EXPORT]
    for name, schema, content in sorted(rest, key=lambda file: file[1] != CHECKPOINT):
        judge(name, schema, content, found)
    if len(found.origins) > 1:
        found.fault("of-another-log", "the files")
    covered = max((size for size in found.roots if size <= (found.log_size or 0)), default=0)
    if found.log_size is not None and covered < found.log_size:
        found.said.append(f"The last {found.log_size - covered:,} entries are signed by no checkpoint.")
    elif found.log_size is None and len(found.roots) > 1 and PROOF not in {file[1] for file in files}:
        found.said.append("Checkpoints of different sizes are compared through an export or a proof only.")
    return found


def sizes_in(content: Json) -> list[int]:
    """Sizes of the log that a file speaks of."""
    older = (content.get("consistency") or {}).get("from", {})
    return [size for size in (content.get("size"), older.get("size"), *content.get("sizes", ())) if size]


def judge(name: str, schema: str, content: Json, found: Findings) -> None:
    """Check one signed file by what it says it is."""
    if schema == ACT or schema.startswith(CERTIFICATE):
        schema = "signed"
    check = {CHECKPOINT: check_checkpoint, PROOF: check_proof, COSIGNATURE: check_cosignature}
    try:
        {**check, "signed": check_signed}[schema](name, content, found)
    except (KeyError, TypeError, AttributeError, ValueError):
        found.fault("not-understood", name)


def main(words: Sequence[str] | None = None) -> int:
    """Check the files named and say what was found."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n", maxsplit=1)[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--public-key", help="the hub's public key, 64 hexadecimal digits")
    parser.add_argument("--witness", action="append", default=[], metavar="NAME=HEX", help="a witness' key")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(words)
    if given.public_key and not re.fullmatch("[0-9a-fA-F]{64}", given.public_key):
        parser.error("--public-key is 64 hexadecimal digits")
    try:
        witnesses = dict(pair.lower().split("=", 1) for pair in given.witness)
        found = verify(given.files, given.public_key, witnesses)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = getattr(error, "filename", None) or "A file"
        print(f"{what} cannot be read as what it should be ({type(error).__name__}).", file=sys.stderr)
        return 2
    faults = [{"kind": kind, "file": name, "index": index} for kind, name, index in found.faults]
    if given.json:
        print(json.dumps({"ok": not faults, "said": found.said, "faults": faults}))
        return 6 if faults else 0
    for line in found.said:
        print(line)
    for kind, name, index in found.faults:
        print(f"FAULT {kind}: {WORDS[kind]} ({name}, at {index}).")
    print("Something does NOT hold: keep every file, and tell the board." if faults else "All of it holds.")
    return 6 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
