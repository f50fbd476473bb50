"""Demonstration keys: published, worthless, and good only for trying things out.

Belongs here: keys that anybody can work out from a signatory's id, and signing every
document of a reference deployment with them. Does not: anything a real deployment uses.
A roster whose keys come from here protects nothing, and says so in its `notice`.

`python -m data_sharing_agreements.lifecycle.demonstration` signs the documents of the
two reference deployments anew. It is deterministic: the same documents, the same acts.
With directories behind it, it adds what is missing there; with `--key ID FILE` it writes
one signatory's key for `commonweal sign`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from data_sharing_agreements.lifecycle.acts import (
    Filed,
    Subject,
    new_act,
    place_act,
    public_hex,
    read_acts,
    subject_of,
)
from data_sharing_agreements.lifecycle.requirements import Surroundings, requirements_of
from data_sharing_agreements.lifecycle.roster import ROSTER_ID, Board, Roster, Signatory, read_rosters
from data_sharing_agreements.lifecycle.states import ActKind, State
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import digest, read_model

NOTICE = (
    "DEMONSTRATION KEYS. Every key in this file is made from its signatory's id by a published "
    "rule, so anybody can sign for anybody. Replace the whole file before any real use."
)

OFFICER = "Data Governance Officer"
"""Office of the hub that submits agreements and moves projects along."""

VICE_CHAIR = "Vice Chair"
"""Second office of the board, so that two of its people can admit a changed roster."""

KEYS_FROM = date(1990, 1, 1)

_LEAD = {Emou: 31, Dsa: 24, Dul: 17}
"""Days before its term begins on which a document is signed."""


def key_of(signatory: str) -> Ed25519PrivateKey:
    """Return the demonstration key of a signatory: SHA-256 of a published text and the id."""
    seed = hashlib.sha256(f"commonweal demonstration key, worthless: {signatory}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def roster_for(documents: Iterable[Document]) -> Roster:
    """Return a roster of everybody the documents name, with demonstration keys."""
    offices: dict[tuple[str, str], None] = {}
    board = "Board"
    for document in documents:
        for signatory in document.signatories:
            offices[(signatory.party, signatory.office)] = None
        for party in document.parties:
            if party.role == "hub":
                offices[(party.name, OFFICER)] = None
            if party.role == "board":
                offices[(party.name, VICE_CHAIR)] = None
                board = party.name
    entries = tuple(_entry(party, office) for party, office in sorted(offices))
    return Roster(
        kind="roster",
        notice=NOTICE,
        version=1,
        board=Board(party=board, threshold=2),
        signatories=entries,
    )


def acts_for(documents: Sequence[Document]) -> list[Filed]:
    """Return every act that brings all documents into force, signed with demonstration keys."""
    return [filed for document in documents for filed in _approve(document, documents)]


def sign_directory(directory: Path, *, anew: bool = False) -> Roster:
    """Sign all documents of a deployment as they now are; return the roster that counts.

    Args:
        directory: The documents.
        anew: Throw away roster and acts that were there. Otherwise they stay, as they
            must once a home has worked under them, and what is missing is added.
    """
    documents = [
        *_read(directory, "emou", Emou),
        *_read(directory, "dsa", Dsa),
        *_read(directory, "dul", Dul),
    ]
    acts = directory / "acts"
    if anew:
        shutil.rmtree(acts, ignore_errors=True)
        for path in directory.glob("signatories*.yaml"):
            path.unlink()
    there = {filed.act.digest for filed in read_acts(acts)[0]}
    for filed in acts_for(documents):
        if filed.act.digest not in there:
            place_act(acts, filed.act)
    return _write_roster(directory, roster_for(documents))


def _write_roster(directory: Path, wanted: Roster) -> Roster:
    """Write the roster, or a further version of it that the board admits."""
    current = read_rosters(directory, read_acts(directory / "acts")[0])[0].current
    if current is None:
        _write(directory / "signatories.yaml", wanted)
        return wanted
    added = [entry for entry in wanted.signatories if current.find(entry.id) is None]
    if not added:
        return current
    update = {"version": current.version + 1, "signatories": (*current.signatories, *added)}
    roster = current.model_copy(update=update)
    _write(directory / f"signatories@{roster.version}.yaml", roster)
    board = [entry.id for entry in current.signatories if entry.party == current.board.party]
    moment = datetime.combine(KEYS_FROM, time(9), UTC)
    for signatory in board[: current.board.threshold]:
        subject = Subject(ROSTER_ID, roster.version, digest(roster))
        act = new_act(subject, ActKind.ENROLL, signatory, key_of(signatory), moment)
        place_act(directory / "acts", act)
    return roster


def _write(path: Path, roster: Roster) -> None:
    content = roster.model_dump(mode="json", by_alias=True, exclude_unset=True)
    head = "# " + NOTICE.replace(". ", ".\n# ") + "\n"
    path.write_text(head + yaml.safe_dump(content, sort_keys=False, width=110), encoding="utf-8")


def _read(directory: Path, folder: str, model: type[Document]) -> list[Document]:
    """Read the documents of a folder; what cannot be read cannot be signed."""
    read = [
        read_model(path, model, place=path.name)[0] for path in sorted((directory / folder).glob("*.yaml"))
    ]
    return [document for document in read if document is not None]


def _approve(document: Document, documents: Sequence[Document]) -> Iterator[Filed]:
    """Do what each state asks for, until the document is approved."""
    day = document.term.start - timedelta(days=_LEAD[type(document)])
    moment = datetime.combine(day, time(9), UTC)
    subject = subject_of(document)
    folder = f"{document.id}@{document.version}"
    for kind, signatory in _script(document, documents):
        yield Filed(new_act(subject, kind, signatory, key_of(signatory), moment), folder, folder)
        moment += timedelta(minutes=10)


def _script(document: Document, documents: Sequence[Document]) -> Iterator[tuple[ActKind, str]]:
    """Who does what, in order, as if every document it rests on were approved."""
    wanted = requirements_of(document, _around(document, documents))
    hub = next((p.name for p in document.parties if p.role == "hub"), document.parties[0].name)
    officer = slug_of(hub, OFFICER)

    def signing(stage: State) -> Iterator[tuple[ActKind, str]]:
        for requirement in wanted:
            if requirement.stage is stage and requirement.offices:
                yield requirement.act, slug_of(requirement.party, min(requirement.offices))

    if not isinstance(document, Dul):
        yield ActKind.SUBMIT, officer
        yield from signing(State.IN_REVIEW)
        return
    yield from list(signing(State.DRAFT)) or [(ActKind.PROPOSE, officer)]
    for kind in (ActKind.FIT, ActKind.DESIGN, ActKind.PARTNER_REVIEW):
        yield kind, officer
    yield from signing(State.PARTNER_REVIEW)
    if any(requirement.stage is State.BOARD_REVIEW for requirement in wanted):
        yield ActKind.BOARD_REVIEW, officer
        yield from signing(State.BOARD_REVIEW)


def _around(document: Document, documents: Sequence[Document]) -> Surroundings:
    newest = {d.id: d for d in sorted(documents, key=lambda d: d.version)}
    earlier = [d for d in documents if d.id == document.id and d.version < document.version]
    before = max(earlier, key=lambda d: d.version, default=None)
    frames = [document if isinstance(document, Emou) else d for d in newest.values() if isinstance(d, Emou)]
    names = document.agreements if isinstance(document, Dul) else ()
    dsas = tuple(d for name in names if isinstance(d := newest.get(name), Dsa))
    emou = before if isinstance(document, Emou) and isinstance(before, Emou) else frames[0]
    return Surroundings(emou, dsas, before)


def slug_of(party: str, office: str) -> str:
    """Return the id of whoever holds an office of a party."""
    return re.sub(r"[^a-z0-9]+", "-", f"{party} {office}".lower()).strip("-")


def _entry(party: str, office: str) -> Signatory:
    name = slug_of(party, office)
    return Signatory.model_validate(
        {
            "id": name,
            "person": name,
            "office": office,
            "party": party,
            "public_key": public_hex(key_of(name)),
            "from": KEYS_FROM,
        }
    )


def write_key(signatory: str, path: Path) -> None:
    """Write the demonstration key of a signatory as a file for `commonweal sign`."""
    pem = key_of(signatory).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)


def main(words: Sequence[str]) -> None:
    """Sign the reference deployments anew, or what the words say.

    Args:
        words: Nothing; or directories of documents, in which acts that are missing are
            added; or `--key ID FILE`.
    """
    if words[:1] == ["--key"]:
        write_key(words[1], Path(words[2]))
        return
    root = Path(__file__).resolve().parents[2]
    reference = (root / "data_sharing_agreements/documents", root / "examples/anytown/agreements")
    for place in map(Path, words) if words else reference:
        sign_directory(place, anew=not words)
        sys.stdout.write(f"Signed {place.name} with demonstration keys, which protect nothing.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
