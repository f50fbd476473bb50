"""Clauses in plain words.

Belongs here: what a clause of a decision permits, in a few words a lay reader
understands. Does not: deciding, or the documents themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_WORDS: Mapping[str, str] = {
    "term": "in force on the day",
    "default": "what nothing permits is refused",
    "tables": "these columns may be delivered and used",
    "derived": "coarser columns made from these",
    "purpose": "what the project is for",
    "purposes": "what the data may be used for",
    "linkage.sources": "which sources may be linked with it",
    "linkage.purposes": "what it may be linked for",
    "linkage_purposes": "what the law lets it be linked for",
    "agreements": "the agreements the license rests on",
    "fields": "the columns the project may use",
    "recipients": "who may use it",
    "period": "the days it covers",
    "rows": "whose records it covers",
    "release.form": "in what form the project may hold it",
    "release.outputs": "in what form it may leave",
    "release.public": "whether it may be published",
    "review": "who reviews it before it leaves",
    "destruction": "by when it is destroyed",
    "cells": "the smallest number shown",
    "prohibited_uses": "what it must not be used for",
    "public_notice": "what the public is told of it",
}
"""Path of a clause, or the beginning of one → what it says."""


def clause_words(clause: str) -> str:
    """Return what a clause says; of one that has no words of its own, its path in plain letters."""
    parts = clause.split(".")
    for length in range(len(parts), 0, -1):
        if (words := _WORDS.get(".".join(parts[:length]))) is not None:
            rest = ".".join(parts[length:])
            return f"{words} ({rest})" if rest and parts[0] == "fields" else words
    return clause.replace(".", ", ").replace("_", " ")


def by_document(clauses: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return document → its clauses, both in the order in which they were cited."""
    found: dict[str, list[str]] = {}
    for document, clause in clauses:
        listed = found.setdefault(document, [])
        if clause not in listed:
            listed.append(clause)
    return found
