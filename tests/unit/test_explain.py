"""Decisions in plain words: golden sentences, and the way back from the log."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.decisions.obligations import Obligation, Obligations
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.explain import _ACTS, _DUTIES, _OF_SOURCES, explain
from data_sharing_agreements.gate import NEXT_STEPS
from data_sharing_agreements.vocabulary import Verb

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
ON = date(2026, 6, 1)
MEDICAID = "medicaid-42-cfr-431"

GOLDEN = {
    "tables": (
        Request("query", project="results", actor="analyst", form="aggregates"),
        ON,
        [
            (
                "The account analyst may ask for tables of aggregates of the project results, because "
                "DUL-2026-002, DSA-COM-HMIS, DSA-DCYF-CHILD-WELFARE, DSA-DSHS-TANF, DSA-ESD-WAGES, "
                "DSA-HCA-MEDICAID, DSA-OSPI-K12 and EMOU-EVERGREEN-2022 permit it."
            ),
            f"No cell under 11 may be shown: {MEDICAID}, limits.minimum_cell says so.",
            "Counts are rounded to 5: DUL-2026-002, cells.rounding says so.",
            "Counts carry noise of 1.5 persons: DUL-2026-002, table_builder.noise_sd says so.",
            "One account may ask for 200 tables: DUL-2026-002, table_builder.budget says so.",
            "All of it is destroyed by 30 June 2036: DUL-2026-002, destruction.by says so.",
        ],
    ),
    "stranger": (
        Request("query", project="tanf-leavers", actor="analyst", form="rows"),
        ON,
        [
            "The account analyst may not ask for rows of the project tanf-leavers.",
            "DUL-2026-001 does not name this account. (DUL-2026-001, recipients)",
            "Ask the board to name this account as a recipient.",
        ],
    ),
    "too late": (
        Request("report", sources=frozenset({"esd_wages"})),
        date(2036, 1, 1),
        [
            "The hub may not count the refused rows of esd_wages.",
            "EMOU-EVERGREEN-2022 expired on 2035-12-31. (EMOU-EVERGREEN-2022, term.expiry)",
            "DSA-ESD-WAGES expired on 2035-12-31. (DSA-ESD-WAGES, term.expiry)",
            "Renew the document, or leave out what rests on it.",
        ],
    ),
    "banned use": (
        Request(
            "query", project="tanf-leavers", actor="researcher", form="rows", use="immigration_enforcement"
        ),
        ON,
        None,
    ),
    "rows instead of tables": (
        Request("query", project="results", actor="analyst", form="rows"),
        ON,
        [
            "The account analyst may not ask for rows of the project results.",
            "DUL-2026-002 permits aggregates at most. (DUL-2026-002, release.form)",
            "Ask for a stricter form: tables of aggregates come from `commonweal table`.",
        ],
    ),
    "linking": (
        Request("link", purpose="performance_management", sources=frozenset({"com_hmis"})),
        ON,
        [
            (
                "The hub may link com_hmis for performance management, because DSA-COM-HMIS and "
                "EMOU-EVERGREEN-2022 permit it."
            ),
            "Nothing before 1 January 2015 is used of com_hmis: DSA-COM-HMIS, period.start says so.",
            (
                "Of com_hmis, rows are left out that are held back as address confidential, consent "
                "and opt out: DSA-COM-HMIS, row_restrictions says so."
            ),
            "All of it is destroyed by 31 December 2042: DSA-COM-HMIS, destruction.by says so.",
        ],
    ),
    "destroying": (
        Request("destroy", project="tanf-leavers"),
        ON,
        None,
    ),
}


def told(request: Request, on: date = ON) -> list[str]:
    return list(explain(request, decide(request, EVERGREEN, on), on, NEXT_STEPS).sentences)


@pytest.mark.parametrize("name", [name for name, golden in GOLDEN.items() if golden[2]])
def test_golden_sentences(name: str) -> None:
    request, on, sentences = GOLDEN[name]
    assert told(request, on) == sentences


def test_a_banned_use_is_told_with_every_document_that_bans_it() -> None:
    request, on, _ = GOLDEN["banned use"]
    first, *rest = told(request, on)
    assert first == (
        "The account researcher may not ask for rows of the project tanf-leavers "
        "for the use immigration enforcement."
    )
    assert any("EMOU-EVERGREEN-2022 prohibits the use immigration_enforcement." in line for line in rest)
    assert rest[-1] == NEXT_STEPS["use-prohibited"]


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_has_words(verb: Verb) -> None:
    assert verb in _ACTS
    request = Request(verb, project="results", sources=frozenset({"esd_wages"}), form="aggregates")
    assert told(request)[0].startswith("The hub may")


def test_many_reasons_are_cut_short_and_counted() -> None:
    sentences = told(Request("query", project="results", actor="analyst", form="rows"), date(2050, 1, 1))
    assert any("more reasons of the same kinds" in line for line in sentences)
    assert len(sentences) < 16


@pytest.mark.parametrize("name", list(GOLDEN))
def test_a_decision_comes_back_from_the_log_as_it_was(name: str) -> None:
    request, on, _ = GOLDEN[name]
    asked = dataclasses.replace(request, period=(ON, ON), made=ON)
    assert Request.from_json(asked.to_json()) == asked
    assert Request.from_json(request.to_json()) == request
    decision = decide(request, EVERGREEN, on)
    again = Decision.from_json(decision.to_json(), [(c.document, c.clause) for c in decision.clauses])
    assert again.to_json() == decision.to_json()
    assert explain(request, again, on, NEXT_STEPS).sentences == tuple(told(request, on))


def test_duties_that_bind_nobody_are_not_told() -> None:
    request = Request("show", project="results", form="aggregates")
    duties = Obligations((Obligation("rounding", 1, "DUL-X", "cells.rounding"),))
    decision = Decision(True, (), duties)
    assert len(explain(request, decision, ON, {}).sentences) == 1
    assert _DUTIES["dominance"]((1, 0.5)) == (
        "No figure may be shown of which one contributor makes up more than 50%"
    )


def test_the_rules_with_words_are_rules() -> None:
    known = {
        item.rule
        for verb in ("link", "build")
        for item in decide(
            Request(verb, purpose="performance_management", sources=frozenset(EVERGREEN.sources())),
            EVERGREEN,
            ON,
        ).obligations.items
    }
    assert known - {"attribution", "reviewer", "public", "outputs", "release_form"} <= {
        *_DUTIES,
        *_OF_SOURCES,
    }
