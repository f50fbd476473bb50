"""What arrives from outside: an act somebody signed, a document somebody drew up.

Belongs here: checking each against everything that is there, and putting it into its
place. Does not: who may (a signature says that), or the checks themselves.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.documents.asked import asked_by_law
from data_sharing_agreements.documents.loader import load_agreements
from data_sharing_agreements.errors import ErrorDetail, Invalid, Refused
from data_sharing_agreements.lifecycle import (
    ROSTER_ID,
    Act,
    Filed,
    Standing,
    judge,
    parse_act,
    place_act,
    read_acts,
    read_rosters,
)
from data_sharing_agreements.lifecycle.roster import Roster, Rosters, admitting, waiting
from data_sharing_agreements.lifecycle.signing import read_to_sign
from data_sharing_agreements.models import Document

_TIERS = ("emou", "dsa", "dul")


def read_act(path: Path) -> Act:
    """Read an act that arrived.

    Raises:
        Invalid: The file is not an act.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    act, faults = parse_act(text, path.name)
    Invalid.collect(faults)
    assert act is not None
    return act


def receive_act(directory: Path, agreements: Agreements, act: Act) -> tuple[Path, Standing | None]:
    """Put an act into its place, if it counts there.

    Returns:
        The file, and where the document then stands (None for an act on the roster).

    Raises:
        Refused: It would not count; one detail for each reason.
    """
    if any(filed.act.digest == act.digest for filed in agreements.acts):
        raise Refused(_fault(act, "act-known", "it is in its place already"))
    if act.document == ROSTER_ID:
        _check_enrolment(directory, agreements.rosters, act)
        return place_act(directory / "acts", act), None
    standing = _standing_after(agreements, act)
    return place_act(directory / "acts", act), standing


def receive_document(directory: Path, path: Path) -> tuple[Path, Document]:
    """Put a new version of a document, or a new document, into its place.

    It is checked together with everything else, and counts for nothing until the acts it
    needs are there.

    Returns:
        The file, and the document.

    Raises:
        Invalid: With every fault it has, or would bring about.
        Refused: This version is there already; what may have been signed is not changed.
    """
    document = _read(directory, path)
    if not isinstance(document, Document):
        raise Invalid(
            ErrorDetail("not-a-document", f"{path.name}: a roster is not submitted; copy it beside.")
        )
    tier = next(tier for tier in _TIERS if tier == getattr(document, "tier", None))
    known = [d for d in load_agreements(directory).versions if d.id == document.id]
    if any(d.version == document.version for d in known):
        raise Refused.of(
            "version-exists",
            f"{document.id} version {document.version} is there already.",
            why="What may have been signed is never changed; an amendment is a new version.",
            next="Count the version up and submit again.",
            document=document.id,
            clause="version",
        )
    name = f"{document.id}@{document.version}.yaml"
    with tempfile.TemporaryDirectory() as place:
        trial = Path(place) / "agreements"
        shutil.copytree(directory, trial, ignore=shutil.ignore_patterns("*.py", "__pycache__", "acts"))
        shutil.copyfile(path, trial / tier / name)
        load_agreements(trial)
    target = directory / tier / name
    temporary = target.with_suffix(".new")
    shutil.copyfile(path, temporary)
    temporary.replace(target)
    return target, document


def _read(directory: Path, path: Path) -> Document | Roster:
    """Read what arrived; of a term that is missing, say what the law asks."""
    try:
        return read_to_sign(path).content
    except Invalid as error:
        raise Invalid(*asked_by_law(error.details, path, load_agreements(directory))) from None


def _standing_after(agreements: Agreements, act: Act) -> Standing:
    """Return where a document stands with one more act, which must count."""
    key = (act.document, act.version)
    folder = f"{act.document}@{act.version}"
    if key not in agreements.standing:
        raise Refused(_fault(act, "act-of-no-document", "there is no such version here"))
    acts = [*agreements.acts, Filed(act, "this act", folder)]
    after = judge(agreements.versions, agreements.rosters.current, acts)[key]
    new = [fault for fault in after.faults if fault not in agreements.standing[key].faults]
    if new:
        raise Refused(*new)
    return after


def _check_enrolment(directory: Path, rosters: Rosters, act: Act) -> None:
    """Raise unless an act admits a roster that lies here and waits for the board."""
    acts, _ = read_acts(directory / "acts")
    _, unreadable = read_rosters(directory, acts)
    Invalid.collect(unreadable)
    roster = waiting(directory, act.version)
    before = rosters.current
    if roster is None or before is None or not admitting(before, roster, [act]):
        raise Refused(
            _fault(
                act,
                "roster-not-admitted",
                "it is not signed by one of the board, over a roster that waits here",
            )
        )


def _fault(act: Act, code: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        code,
        f"{act.document}@{act.version}: {act.act} by {act.signatory}: {what}.",
        why="An act counts only in its own place, and once.",
        next="Ask the signatory, or leave the act where it came from.",
        document=act.document,
        clause=f"acts.{act.act}",
    )
