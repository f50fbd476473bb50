"""What people are told about a broken rule.

Belongs here: words for each rule. Does not: any value; places are names from the
contract or of files.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_sharing_agreements.errors import ErrorDetail
from warehouse.readers.staged import Fault

RULES: Mapping[str, tuple[str, str]] = {
    "missing-file": ("a file the contract requires did not come", "ask for the whole delivery"),
    "empty-file": ("a file has no records", "ask for the file again"),
    "checksum-differs": ("a file is not the one its digest was made of", "copy it again, with its digest"),
    "wrong-encoding": ("a file is not in the encoding of the contract", "ask for it in that encoding"),
    "nul-bytes": ("a file has NUL bytes", "ask for the file again"),
    "unbalanced-quotes": ("an open quotation mark swallows records", "ask for a file with closed quotes"),
    "truncated-file": ("a file is cut off", "copy it again, or ask for it again"),
    "wrong-source": ("a file is not of this source", "check which file was delivered under this name"),
    "missing-column": ("a column of the contract is not there", "ask for it, or amend the contract"),
    "renamed-column": ("a column is missing and an unknown one is there", "amend the contract's names"),
    "extra-column": ("there are columns the contract does not know", "amend the contract"),
    "duplicate-column": ("two columns have one name", "ask for a file with distinct names"),
    "missing-header": ("the header record is missing or there are several", "ask for the file again"),
    "trailer-count": ("the trailer counts other records than there are", "ask for the file again"),
    "wrong-period": ("records lie outside the delivery's period", "check which period was delivered"),
    "unreadable-file": ("a file cannot be read as text", "look at line ends: one kind in one file"),
    "records-lost": ("records read and records there do not add up", "look at quotes and line ends"),
    "names-in-text": ("identifiers lie in a column that is not for them", "ask for a corrected file"),
    "row-count-change": ("the number of rows changed too much", "ask whether the delivery is complete"),
    "completeness-change": ("a column is filled otherwise than before", "ask what changed"),
    "unreadable-row": ("too many records cannot be read", "look at delimiters and quotes"),
    "short-record": ("too many lines are too short", "look at the layout's record length"),
    "unknown-record-type": ("too many lines are of no known type", "look at the layout"),
    "missing-record-id": ("too many rows have no record id", "ask for the ids"),
    "duplicate-record-id": ("too many rows repeat a record id", "ask for distinct ids"),
    "missing-value": ("a required column is empty too often", "ask for the values"),
    "impossible-date": ("too many dates do not exist", "look at the date format"),
    "not-a-number": ("too many values are no numbers", "look at the number format"),
    "unknown-code": ("too many values are not in the code list", "amend the codes or ask"),
    "wrong-pattern": ("too many values have another form", "look at the pattern"),
    "out-of-range": ("too many values are out of bounds", "look at the bounds or ask"),
    "too-long": ("too many values are too long", "look at the layout"),
    "value-refused": ("a value fits no column", "look at the contract's types"),
    "encoding-manifest": ("the manifest is not that of an encoded delivery", "encode the files again"),
    "encoding-key": (
        "the delivery was encoded under another key than the contract names",
        "compare the key's fingerprint with the other parties', and encode again",
    ),
    "encoding-parameters": (
        "the delivery was encoded with other parameters than the hub's",
        "let all parties use one version, and encode again",
    ),
    "encoding-contract": (
        "the delivery was encoded for another source, period, agreement or version of the contract",
        "encode again with the contract the hub has",
    ),
    "encoding-columns": ("the encodings have other columns than the parameters say", "encode again"),
    "not-here": ("a recorded file is no longer in the landing directory", "put it back, or send it again"),
}
"""Each rule that can hold a delivery: what is wrong, and what to do."""


def detail_of(fault: Fault, source: str, period: str) -> ErrorDetail:
    """Return what to tell about a fault."""
    what, fix = RULES[fault.rule]
    place = ".".join(part for part in (fault.table, fault.column) if part)
    where = ", ".join(part for part in (fault.file, place) if part)
    return ErrorDetail(
        code=fault.rule,
        what=f"{source} {period}: {what}" + (f" ({where})" if where else ""),
        why=f"rule {fault.rule} of the contract; the delivery is held and the one before it stands",
        next=fix,
        source=source,
        rule=fault.rule,
        count=fault.rows or None,
    )
