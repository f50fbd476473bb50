"""Encodings that deliveries may be written in.

Belongs here: the tested list, with the names Python and DuckDB use. Does not:
guessing; a contract says what its files are written in, and a file that is not
is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Encoding:
    """One encoding.

    Args:
        codec: Python's name.
        engine: DuckDB's name.
        extension: Extension DuckDB needs for it, if any.
        single_byte: Whether every character is one byte, so that nearly every
            file can be read with it, rightly or not.
    """

    codec: str
    engine: str
    extension: str = ""
    single_byte: bool = False


def _extended(codec: str, engine: str) -> Encoding:
    return Encoding(codec, engine, extension="encodings", single_byte=True)


ENCODINGS: Mapping[str, Encoding] = {
    "utf-8": Encoding("utf-8", "utf-8"),
    "latin-1": Encoding("iso8859-1", "latin-1", single_byte=True),
    "windows-1250": _extended("cp1250", "CP1250"),
    "windows-1251": _extended("cp1251", "CP1251"),
    "windows-1252": _extended("cp1252", "CP1252"),
    "iso-8859-15": _extended("iso8859-15", "ISO_8859_15"),
    "cp437": _extended("cp437", "cp437"),
    "cp850": _extended("cp850", "cp850"),
}
"""By the name a contract uses."""
