"""What is refused at the door goes into the log: rules and terms, and no word of the file besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_sharing_agreements.errors import ErrorDetail, Invalid
from pipelines.cli.agreement_refused import KIND, refusal_logged
from pipelines.cli.context import Context
from tests.conftest import ROOT
from warehouse.deployment import Deployment
from warehouse.hub import Hub

FAULTS = (
    ErrorDetail("document-term-missing", "x", document="DUL-2026-003", clause="destruction.by"),
    ErrorDetail("document-key-unknown", "x", document="DUL-2026-003", clause="ann_example"),
    ErrorDetail("document-key-unknown", "x", document="CASE-1234567", clause="title"),
    ErrorDetail("not-yaml", "x"),
)


def refused(context: Context) -> None:
    with pytest.raises(Invalid), refusal_logged(context, "document"):
        raise Invalid(*FAULTS)


def test_rules_and_terms_are_written_down_and_nothing_else_of_the_file(tmp_path: Path) -> None:
    config, home = ROOT / "commonweal.toml", tmp_path / "home"
    Hub.init(Deployment.load(config, home))
    refused(Context(config, home))
    with Hub.open(Deployment.load(config, home)) as hub:
        (entry,) = hub.log.show(None, kind=KIND)
    assert entry["summary"] == {
        "what": "document",
        "document": "DUL-2026-003",
        "rules": ["document-key-unknown", "document-term-missing", "not-yaml"],
    }
    assert entry["clauses"] == [{"document": "DUL-2026-003", "clause": "destruction"}]


def test_a_deployment_without_a_home_has_no_log_and_refuses_all_the_same(tmp_path: Path) -> None:
    refused(Context(ROOT / "commonweal.toml", tmp_path / "home"))
    assert not (tmp_path / "home").exists()
