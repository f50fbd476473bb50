"""A first look at a file's bytes, before any parser sees them.

Belongs here: the digest, and the faults of a whole file that bytes show: empty,
another encoding, NUL bytes, cut off. It counts physical records in a way that
shares nothing with the parser, so that the two can be compared. Does not: parse
values.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.contracts_model import FileFormat, FileKind
from warehouse.readers.encodings import ENCODINGS, Encoding

CHUNK_BYTES = 1 << 24
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8_MARK = codecs.BOM_UTF8
_PARQUET = b"PAR1"
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN = re.compile(r"[\u00a0-\u017f\u2010-\u203a]")
_NO_CHANCE = 20
_BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")


@dataclass(frozen=True)
class FileScan:
    """What the bytes of one file show.

    Args:
        sha256: Digest of the bytes, in hexadecimal.
        size: Number of bytes.
        records: Physical records: lines that are not blank, the header included;
            -1 for Parquet, which says it itself.
        ends_with_newline: Whether the last line is complete.
        faults: Rules of deliveries the file breaks.
    """

    sha256: str
    size: int
    records: int
    ends_with_newline: bool
    faults: tuple[str, ...]


class _Lines:
    """Counts lines that are not blank over chunks."""

    def __init__(self) -> None:
        self.count = 0
        self._tail = b"\n"

    def add(self, chunk: bytes) -> None:
        """Count one more chunk."""
        joined = self._tail[-2:] + chunk
        blank = 0
        if b"\n\n" in joined or b"\n\r\n" in joined:
            blank = sum(1 for match in _BLANK_LINE.finditer(joined) if match.end() > len(self._tail[-2:]))
        self.count += chunk.count(b"\n") - blank
        self._tail = joined[-2:]

    def total(self) -> int:
        """Lines seen, an incomplete last one included."""
        return self.count + (0 if self._tail.endswith(b"\n") else 1)

    @property
    def complete(self) -> bool:
        """Whether the last line ended."""
        return self._tail.endswith(b"\n")


class _Text:
    """Checks over chunks that bytes are text in an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self._own = codecs.getincrementaldecoder(encoding.codec)("strict")
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict") if encoding.single_byte else None
        self._wrong = False
        self._latin = self._foreign = 0

    def add(self, chunk: bytes, *, last: bool = False) -> None:
        """Check one more chunk."""
        if chunk.isascii() and not last:
            return
        try:
            self._own.decode(chunk, last)
        except UnicodeDecodeError:
            self._wrong = True
        if self._utf8 is not None:
            self._look_for_utf8(chunk, last)

    def _look_for_utf8(self, chunk: bytes, last: bool) -> None:
        assert self._utf8 is not None
        try:
            found = _BEYOND_ASCII.findall(self._utf8.decode(chunk, last))
        except UnicodeDecodeError:
            self._utf8, self._latin, self._foreign = None, 0, 0
            return
        latin = sum(1 for letter in found if _LATIN.match(letter))
        self._latin += latin
        self._foreign += len(found) - latin

    def is_wrong(self) -> bool:
        """Whether the text is in another encoding.

        A single-byte text with letters beyond ASCII is hardly ever valid UTF-8. By
        chance a few of its bytes are; read as UTF-8 they are then not Latin letters.
        """
        utf8 = self._latin > 0 and self._latin >= self._foreign
        return self._wrong or utf8 or self._latin + self._foreign > _NO_CHANCE


def scan_file(path: Path, form: FileFormat) -> FileScan:
    """Read a file once and return what its bytes show."""
    if form.kind is FileKind.PARQUET:
        return _scan_parquet(path)
    encoding = ENCODINGS[form.encoding]
    digest, lines, text = hashlib.sha256(), _Lines(), _Text(encoding)
    size, nul, marked = 0, False, False
    for chunk in _chunks(path):
        marked = marked or (size == 0 and chunk.startswith(_UTF16_MARKS))
        digest.update(chunk)
        size += len(chunk)
        nul = nul or b"\0" in chunk
        lines.add(chunk)
        text.add(chunk)
    text.add(b"", last=True)
    faults = []
    if size == 0:
        faults.append("empty-file")
    if marked or text.is_wrong():
        faults.append("wrong-encoding")
    elif nul:
        faults.append("nul-bytes")
    if form.final_newline and size and not lines.complete:
        faults.append("truncated-file")
    records = lines.total() if size else 0
    if form.multiline and not faults:
        records = _quoted_records(path, form, encoding)
    return FileScan(digest.hexdigest(), size, records, lines.complete, tuple(faults))


def _scan_parquet(path: Path) -> FileScan:
    digest, size, first, last = hashlib.sha256(), 0, b"", b""
    for chunk in _chunks(path):
        first = first or chunk[:4]
        last = (last + chunk)[-4:]
        digest.update(chunk)
        size += len(chunk)
    faults: tuple[str, ...] = ()
    if size == 0:
        faults = ("empty-file",)
    elif first != _PARQUET:
        faults = ("wrong-source",)
    elif last != _PARQUET or size < 12:
        faults = ("truncated-file",)
    return FileScan(digest.hexdigest(), size, -1, True, faults)


def digest_file(path: Path) -> tuple[str, int]:
    """Return a file's SHA-256 in hexadecimal and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def first_line(path: Path, form: FileFormat) -> str:
    """Return a text file's first line without its end; at most 1 MB is looked at."""
    with path.open("rb") as file:
        line = file.readline(1 << 20)
    text = line.removeprefix(_UTF8_MARK).decode(ENCODINGS[form.encoding].codec, "replace")
    return text.rstrip("\r\n")


def header_names(path: Path, form: FileFormat) -> list[str]:
    """Return the values of a delimited file's first line. Without a header they are a record's."""
    return next(_reader([first_line(path, form)], form), [])


def _reader(lines: Iterator[str] | list[str], form: FileFormat) -> Iterator[list[str]]:
    quoted = bool(form.quote)
    return csv.reader(
        lines,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        doublequote=quoted and form.escape == form.quote,
        escapechar=form.escape if form.escape and form.escape != form.quote else None,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )


def _quoted_records(path: Path, form: FileFormat, encoding: Encoding) -> int:
    """Count records of a file whose values may hold line breaks, by another parser than DuckDB's."""
    with path.open(encoding=encoding.codec, newline="") as file:
        try:
            return sum(1 for row in _reader(file, form) if row)
        except csv.Error:
            return -1


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
