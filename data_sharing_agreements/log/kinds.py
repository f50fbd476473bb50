"""The kinds of entries: what each may say, and nothing else.

Belongs here: one line a kind, and the check every entry passes before it is added.
Does not: how an entry is made (`entries.py`), or who writes which.

A kind says which keys its body may hold. Some hold words people wrote (`texts`):
those are searched for what could point at a person. Some count people or records
(`counts`): those stay out of the log where they are small. A body carries the version
of its kind under `v`, so that an old entry is read as it was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_sharing_agreements.errors import UsageFault

COUNT_FLOOR = 30
"""Counts of people or records below this stay out of the log; above every cell rule we know of."""

VERSION_KEY = "v"

LONGEST_TEXT = 500

_POINTING = re.compile(
    r"\d{3}[-. ]?\d{2}[-. ]?\d{4}"  # a social security number
    r"|\d{6,}"  # any other long number: an id of a case, a record, a telephone
    r"|\d{3}[-. ]\d{3}[-. ]\d{4}"  # a telephone number
    r"|\b\d{1,2}/\d{1,2}/\d{2,4}\b"  # a date as it stands in a person's file
    r"|[\w.+-]+@[\w-]+\.\w"  # an e-mail address
    r"|\b[0-9a-f]{16,}\b",  # a record key, a study id
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Kind:
    """What the entries of one kind may say.

    Args:
        name: Its name.
        keys: Keys of controlled words, names, ids and hashes.
        texts: Keys of words that people wrote.
        counts: Keys of counts of people or records.
        version: Counted up whenever a key changes its meaning.
    """

    name: str
    keys: frozenset[str]
    texts: frozenset[str] = field(default_factory=frozenset)
    counts: frozenset[str] = field(default_factory=frozenset)
    version: int = 1

    @property
    def all_keys(self) -> frozenset[str]:
        """Every key a body may hold."""
        return self.keys | self.texts | self.counts


def _kind(name: str, keys: str, texts: str = "", counts: str = "", version: int = 1) -> Kind:
    return Kind(name, frozenset(keys.split()), frozenset(texts.split()), frozenset(counts.split()), version)


_ALL = (
    # What was decided, under which documents, by whom.
    _kind("decision", "request on permitted obligations reasons"),
    _kind("agreement", "document version status sha256 replaces"),
    _kind("act", "act document version sha256 signatory office party at effective file digest revokes"),
    _kind("refused-at-door", "what document rules"),
    _kind("roster", "version sha256 replaces signatories"),
    _kind("stop", "act document source start until party incident actor by"),
    _kind("incident", "act incident kind state documents sources party actor by duty duties number"),
    _kind("restriction", "act source notice sha256 signatory sequence kinds"),
    _kind("explain", "actor about"),
    # What was done with data.
    _kind("delivery", "delivery source period sha256 state rules superseded_by"),
    _kind("run", "run kind status exit_code"),
    _kind("link-version", "version model thresholds input_hash", counts="records persons"),
    _kind("mart", "project mart version path link_version obligations codebook act"),
    _kind("indicator", "indicator results"),
    _kind("evaluation", "link_version"),
    _kind("model", "act model settings state card actor", "why"),
    _kind("quarantine-report", "source values"),
    _kind(
        "review",
        "act draw version seed first size known review stage person actor mask sealed outcome",
    ),
    _kind("spine", "act version change constraint actor"),
    _kind("review-refused", "act review actor rules"),
    _kind("generation", "act store generation nonce"),
    # What was asked, and what left.
    _kind("query", "project version actor tables columns"),
    _kind("query-refused", "project actor faults"),
    _kind("table", "project version actor mart measure dimensions"),
    _kind("table-refused", "project actor faults"),
    _kind("budget", "project account amount spent mart measure"),
    _kind("release", "project version actor form sha256 files act release mart reviewer"),
    # Who may come in.
    _kind("account", "account role act credential name person party roles actor"),
    _kind("role", "act account role person actor"),
    _kind("session", "account act session expires_at"),
    # What ended.
    _kind("purge", "act purge scope document clause source delivery state stores"),
    _kind("certificate", "certificate scope document sha256 purge"),
    _kind("hold", "act hold document source project reason actor"),
    _kind("backup", "backup kept_until with_keys"),
    _kind("attestation", "project attested_by sha256 actor"),
    # The log itself.
    _kind("erasure", "entry", "why"),
    _kind("witness", "witness size root"),
    _kind("log-export", "actor size bodies"),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind by its name."""


def checked(kind: str, summary: Mapping[str, Any]) -> Kind:
    """Return the kind of an entry to be, if it may say what it says.

    Raises:
        ValueError: The kind, or a key, is not declared, or a count is small: a bug of the writer.
        UsageFault: Words that people wrote could point at a person.
    """
    known = KINDS.get(kind)
    if known is None:
        raise ValueError(f"the log has no kind {kind}: declare it in log/kinds.py")
    if extra := sorted(summary.keys() - known.all_keys):
        raise ValueError(f"an entry of the kind {kind} has no {', '.join(extra)}: declare it in log/kinds.py")
    for name in known.counts & summary.keys():
        if summary[name] is not None and summary[name] < COUNT_FLOOR:
            raise ValueError(f"{name} of an entry of the kind {kind} is a small count: see kinds.countable")
    check_texts(summary[name] for name in known.texts & summary.keys())
    return known


def countable(count: int) -> int | None:
    """Return a count of people or records as the log may have it: None where it is small."""
    return count if count >= COUNT_FLOOR else None


def check_texts(texts: Iterable[object]) -> None:
    """Raise if words that people wrote could point at a person.

    Only what a pattern can find is found: numbers, addresses, dates, keys. A name is
    for whoever writes to leave out.

    Raises:
        UsageFault: They hold such a thing, or are too long.
    """
    for text in texts:
        words = "" if text is None else str(text)
        if len(words) > LONGEST_TEXT or _POINTING.search(words):
            raise UsageFault.of(
                "reason-points-at-a-person",
                "The words given hold a number, a date, an address or a key that could point at a person, "
                f"or more than {LONGEST_TEXT} characters.",
                why="The log is kept for ever and read by every party: no reason in it points at a person.",
                next="Say it in general words, and keep particulars where the case is kept.",
            )


def check_reason(text: str) -> None:
    """Raise if a reason that must be given says nothing, or could point at a person.

    Raises:
        UsageFault: It does.
    """
    if not text.strip():
        raise UsageFault.of(
            "reason-empty",
            "The reason given says nothing.",
            why="Whoever reads the log later asks why.",
            next="Say it in a few general words.",
        )
    check_texts([text])
