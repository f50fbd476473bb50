"""The words: one list, told on a page and in a document."""

from __future__ import annotations

from pathlib import Path

from data_sharing_agreements.glossary import WORDS, anchor, markdown, words_html

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"


def test_the_document_is_what_the_program_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), (
        "python -m data_sharing_agreements.glossary > docs/glossary.md"
    )


def test_words_come_by_the_alphabet_and_each_has_its_place() -> None:
    assert list(WORDS) == sorted(WORDS, key=str.lower)
    page = words_html("A state")
    assert page.count("<dt>") == len({anchor(word) for word in WORDS}) == len(WORDS)
    assert all(f'id="{anchor(word)}"' in page for word in WORDS)
