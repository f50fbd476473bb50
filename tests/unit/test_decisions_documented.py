"""The page on agreements knows every verb and every obligation; refusals say what to do."""

from __future__ import annotations

import ast
from pathlib import Path

from data_sharing_agreements.decisions.obligations import _STRICTEST, CUMULATIVE, DOMINANCE, PERIOD
from data_sharing_agreements.gate import NEXT_STEPS
from data_sharing_agreements.publication import WAITS
from data_sharing_agreements.vocabulary import Verb

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "agreements.md").read_text(encoding="utf-8")


def test_every_verb_is_documented() -> None:
    missing = [verb for verb in Verb if not any(f"`{verb}`" in line for line in PAGE.splitlines())]
    assert not missing


def test_every_obligation_is_documented() -> None:
    rules = {*_STRICTEST, *CUMULATIVE, *PERIOD, DOMINANCE}
    assert not [rule for rule in rules if f"`{rule}`" not in PAGE]


def codes_of_refusals() -> set[str]:
    """First words of every `refuse(...)` of the rules, and of the reasons of standing."""
    found = set()
    for path in (ROOT / "data_sharing_agreements" / "decisions").glob("rules*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("case.refuse"):
                code = node.args[0]
                found |= {code.value} if isinstance(code, ast.Constant) else set()
    return found


def test_what_to_do_is_said_of_known_refusals() -> None:
    from_standing = {code for code in NEXT_STEPS if code.startswith("agreement-")}
    assert set(NEXT_STEPS) <= codes_of_refusals() | from_standing | {WAITS}
