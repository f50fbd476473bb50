"""Reading one YAML document into one model, with all its faults at once.

Belongs here: YAML with duplicate keys refused, strict validation, and how a fault
is placed (`file:path.to.key`). Does not: which documents there are, or how they
must agree with one another. A fault names the place, never the value found there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.yaml_text import Loader

Model = TypeVar("Model", bound=BaseModel)


class _DuplicateKeyError(yaml.YAMLError):
    """A mapping names the same key twice; the later one would silently win."""

    def __init__(self, line: int) -> None:
        super().__init__(f"a key appears twice (line {line})")
        self.line = line


class _Loader(Loader):
    """The loader, refusing duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self._name_of(key_node)
            if key in seen:
                raise _DuplicateKeyError(key_node.start_mark.line + 1)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def _name_of(self, node: yaml.Node) -> Hashable:
        """Return what tells a key apart: for plain words no object is made of them."""
        if isinstance(node, yaml.ScalarNode):
            return node.tag, node.value
        found: Hashable = self.construct_object(node, deep=True)
        return found


def read_model(path: Path, model: type[Model], *, place: str) -> tuple[Model | None, list[ErrorDetail]]:
    """Read a YAML file into a model.

    Args:
        path: The file.
        model: What it must be.
        place: How faults name the file.

    Returns:
        The model, or None with every fault found.
    """
    try:
        # The loader is a SafeLoader that also refuses duplicate keys.
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except UnicodeDecodeError:
        return None, [_unreadable(place, "the file is not UTF-8")]
    except _DuplicateKeyError as error:
        return None, [_unreadable(place, str(error))]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return None, [_unreadable(place, f"the file is not YAML (line {line})")]
    except yaml.YAMLError:
        return None, [_unreadable(place, "the file is not YAML")]
    if not isinstance(raw, dict):
        return None, [_unreadable(place, "the file is not a mapping of clauses")]
    return validate(raw, model, place=place)


def validate(
    raw: dict[str, object], model: type[Model], *, place: str
) -> tuple[Model | None, list[ErrorDetail]]:
    """Validate a mapping strictly, as JSON would be: no value is quietly converted."""
    try:
        text = json.dumps(raw, default=_plain)
    except TypeError:
        return None, [_unreadable(place, "a value is neither text, number, date, list nor mapping")]
    try:
        return model.model_validate_json(text), []
    except ValidationError as error:
        document = raw.get("id")
        name = document if isinstance(document, str) else None
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = [fault["loc"] for fault in faults]
        return None, [
            ErrorDetail(
                f"document-{_kind(fault['type'])}",
                f"{place}:{_path(fault['loc'])}: {_said(fault['type'], fault['msg'])}",
                why="A document must be complete and unambiguous before anything may rest on it.",
                next="Correct this key; the JSON Schema of the document says what it may hold.",
                document=name,
                clause=_path(fault["loc"]),
            )
            for fault in faults
            if not (fault["type"] == "too_short" and _has_parts(fault["loc"], places))
        ]


def _has_parts(whole: tuple[int | str, ...], places: Sequence[tuple[int | str, ...]]) -> bool:
    """Whether a list is called too short only because its items are faulty."""
    return any(len(place) > len(whole) and place[: len(whole)] == whole for place in places)


def canonical_bytes(model: BaseModel) -> bytes:
    """Return a document's canonical bytes: sorted JSON of every term that it states.

    A term that the document leaves out is left out here too, so that a later version of
    the program, which knows more terms, reads the same bytes out of the same document.
    """
    stated = model.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return json.dumps(stated, sort_keys=True, separators=(",", ":")).encode()


def digest(model: BaseModel) -> str:
    """SHA-256 (hex) of a document's canonical bytes: what a signature covers."""
    return hashlib.sha256(canonical_bytes(model)).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "document"


def _kind(pydantic_type: str) -> str:
    return {"missing": "term-missing", "extra_forbidden": "key-unknown"}.get(pydantic_type, "value-invalid")


def _said(pydantic_type: str, message: str) -> str:
    plain = {"missing": "this term is missing", "extra_forbidden": "this key is unknown"}
    return plain.get(pydantic_type, message.removeprefix("Value error, "))


def _unreadable(place: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        "document-unreadable",
        f"{place}: {what}",
        why="A document that cannot be read cannot permit anything.",
        next="Correct the file.",
    )
