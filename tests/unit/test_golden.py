"""Word for word: what decisions cite and refuse, and what faulty documents are told."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.documents import load_agreements
from data_sharing_agreements.errors import Invalid, Refused
from data_sharing_agreements.gate import Gate
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.registry.stops import Stop
from tests.agreements_support import acted, judged
from tests.golden_files import cases, check
from tests.unit import test_agreements_checks as checks
from tests.unit.test_agreements_checks import state  # noqa: F401 - a fixture
from tests.unit.test_agreements_decisions import EVERGREEN, GOOD, HUB, ON

LATE = date(2050, 1, 1)
NOBODY = frozenset({"doc_prisons"})

ASKED: dict[str, tuple[Request, date]] = {
    **{verb: (request, ON) for verb, request in GOOD.items()},
    **{f"{verb}, when all has ended": (request, LATE) for verb, request in GOOD.items()},
    **{f"{verb}, too early": (request, date(2020, 1, 1)) for verb, request in GOOD.items()},
    **{
        f"{verb} of a source without agreement": (dataclasses.replace(request, sources=NOBODY), ON)
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} for another purpose": (dataclasses.replace(request, purpose="research"), ON)
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} for a banned use": (dataclasses.replace(request, use="eligibility"), ON)
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} of days long ago": (
            dataclasses.replace(request, period=(date(2000, 1, 1), date(2000, 1, 31))),
            ON,
        )
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} of days to come": (
            dataclasses.replace(request, period=(date(2024, 1, 1), date(2099, 1, 31))),
            ON,
        )
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} of days inside": (
            dataclasses.replace(request, period=(date(2024, 1, 1), date(2024, 1, 31))),
            ON,
        )
        for verb, request in GOOD.items()
    },
    **{f"{verb}, nothing said": (Request(verb), ON) for verb in GOOD},
    **{
        f"{verb} by a stranger, of a field nobody licensed, as everything": (
            dataclasses.replace(
                request, actor="stranger", fields=frozenset({"esd_wages.wage.diary"}), form="everything"
            ),
            ON,
        )
        for verb, request in GOOD.items()
    },
    **{
        f"{verb} of rows": (dataclasses.replace(request, form="rows", actor="analyst"), ON)
        for verb, request in GOOD.items()
    },
    "query of a project nobody licensed": (dataclasses.replace(GOOD["query"], project="curiosity"), ON),
    "destroy of a project": (Request("destroy", project="tanf-leavers"), ON),
    "sell": (Request("sell"), ON),
    "release, made yesterday": (
        dataclasses.replace(GOOD["release"], made=ON - timedelta(days=1)),
        ON,
    ),
    "export, made yesterday": (dataclasses.replace(GOOD["export"], made=ON - timedelta(days=1)), ON),
}


@pytest.mark.parametrize("case", list(ASKED))
def test_a_decision_word_for_word(case: str) -> None:
    request, on = ASKED[case]
    check("decisions", case, told(decide(request, EVERGREEN, on), duties=case in GOOD))


def told(decision: Decision, *, duties: bool = False) -> list[str]:
    """A decision in lines: what it cites or why it refuses, and the duties if wanted."""
    lines = [f"{r.code} | {r.text} | {r.document} {r.clause}" for r in decision.reasons]
    lines += [f"{c.document} {c.clause}" for c in decision.clauses if decision.permitted]
    items = decision.obligations.listed() if duties else []
    return lines + [f"{d['rule']} {d['value']} | {d['document']} {d['clause']}" for d in items]


STANDINGS = {
    "nobody signed": judged(EVERGREEN, []),
    "counsel did not sign": judged(EVERGREEN, [f for f in EVERGREEN.acts if f.act.act != "counsel"]),
    "only submitted": judged(EVERGREEN, [f for f in EVERGREEN.acts if f.act.act in ("submit", "propose")]),
    "suspended": acted(EVERGREEN, "DSA-ESD-WAGES", "suspend", HUB, ON),
    "terminated": acted(EVERGREEN, "DSA-ESD-WAGES", "terminate", HUB, ON),
    "stopped": EVERGREEN.with_stops([Stop("DSA-ESD-WAGES", ON, None, "r", "Employment Security Department")]),
}


@pytest.mark.parametrize("case", list(STANDINGS))
def test_why_a_document_is_not_in_force_word_for_word(case: str) -> None:
    check(
        "standings",
        case,
        {verb: told(decide(GOOD[verb], STANDINGS[case], ON)) for verb in ("ingest", "query")},
    )


def test_a_refusal_word_for_word(tmp_path) -> None:
    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        gate = Gate(EVERGREEN, Log(registry, None), lambda: ON)
        for case, request in {
            "stranger": dataclasses.replace(GOOD["query"], actor="stranger"),
            "source without agreement": dataclasses.replace(GOOD["ingest"], sources=NOBODY),
            "banned use": dataclasses.replace(GOOD["query"], use="eligibility"),
            "rows": dataclasses.replace(GOOD["query"], project="results", actor="analyst"),
            "late": dataclasses.replace(GOOD["export"], made=ON),
            "field": dataclasses.replace(GOOD["ingest"], fields=frozenset({"esd_wages.wage.diary"})),
            "two sources": Request("link", purpose="research", sources=frozenset({"esd_wages", "ospi_k12"})),
            "act": Request("sell"),
        }.items():
            with pytest.raises(Refused) as caught:
                gate.require(request)
            check("refusals", case, caught.value.to_json())


MORE_EDITS = ((checks.TANF, "legal_basis.0.code", "no-such-law", None, "basis-unknown"),)

EDITS = {
    f"{path}: {where} = {value}": (path, where, value)
    for path, where, value, _, code in (*checks.ONE_EDIT, *MORE_EDITS)
    if code is not None
}


@pytest.mark.parametrize("case", list(EDITS))
def test_a_faulty_document_is_told_word_for_word(case: str, state) -> None:  # noqa: F811 - the fixture
    path, where, value = EDITS[case]
    checks.edit(state / path, where, value)
    with pytest.raises(Invalid) as caught:
        load_agreements(state)
    check("faults", case, caught.value.to_json()["errors"])


def test_a_memorandum_that_asks_no_board_needs_none(state) -> None:  # noqa: F811 - the fixture
    checks.edit(state / checks.EMOU, "parties.8.role", "witness")
    assert ("emou/EMOU-EVERGREEN-2022.yaml:parties", "party-missing") in checks.faults(state)
    checks.edit(state / checks.EMOU, "approvals.board", False)
    checks.edit(state / checks.EMOU, "witnesses.names.0", "Nobody")
    found = {code for _, code in checks.faults(state)}
    assert "party-unknown" in found, "the memorandum was looked at"
    assert "party-missing" not in found


def test_no_golden_case_is_left_over() -> None:
    assert cases("decisions") == set(ASKED)
    assert cases("standings") == set(STANDINGS)
    assert cases("faults") == set(EDITS)
