"""Agreements and contracts of both deployments speak of the same tables and columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_sharing_agreements.documents import load_agreements
from warehouse.contracts_loader import load_contracts

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = {
    "evergreen": (
        ROOT / "warehouse/contracts",
        ROOT / "data_sharing_agreements/documents",
        ROOT / "warehouse/core",
    ),
    "anytown": tuple(ROOT / "examples/anytown" / name for name in ("contracts", "agreements", "core")),
}


@pytest.fixture(params=DEPLOYMENTS)
def deployment(request):
    contracts, agreements, core = DEPLOYMENTS[request.param]
    return load_contracts(contracts, core), load_agreements(agreements)


def test_every_source_with_a_contract_has_an_agreement_and_the_other_way_round(deployment):
    contracts, agreements = deployment
    assert sorted(contracts.sources) == list(agreements.sources())


def test_nothing_is_licensed_that_no_contract_describes(deployment):
    contracts, agreements = deployment
    for source in contracts.sources:
        described = {f"{source}.{t.name}.{c.name}" for t in contracts[source].tables for c in t.columns}
        assert agreements.licensed_fields(source) <= described


def test_what_makes_a_record_and_links_it_is_licensed(deployment):
    contracts, agreements = deployment
    for source in contracts.sources:
        licensed = agreements.licensed_fields(source)
        for table in contracts[source].tables:
            needed = {*table.record_id, *(column.name for column in table.columns if column.role)}
            assert {f"{source}.{table.name}.{name}" for name in needed} <= licensed


def test_no_project_is_licensed_what_only_the_vault_may_hold(deployment):
    contracts, agreements = deployment
    vault_only = {
        f"{source}.{table.name}.{column.name}"
        for source in contracts.sources
        for table in contracts[source].tables
        for column in table.columns
        if column not in table.content_columns
    }
    for license_ in agreements.duls:
        assert not license_.licensed & vault_only
