"""Documents as ODRL policies: valid by the shapes, in words that exist, with every obligation."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyshacl import validate
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import ODRL2

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions.gather import obligations_of
from data_sharing_agreements.decisions.obligations import Obligation
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.documents.odrl import policy
from data_sharing_agreements.documents.odrl_obligations import as_constraint, as_duty, plain
from data_sharing_agreements.documents.odrl_terms import MEASURES, PURPOSES
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.models import Dsa, Dul
from data_sharing_agreements.reading import digest
from data_sharing_agreements.vocabulary import ProhibitedUse, Purpose
from pipelines.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
VOCABULARIES = ROOT / "data_sharing_agreements/documents/vocabularies"
DEPLOYMENTS = {
    "evergreen": load_agreements(EVERGREEN_DIRECTORY),
    "anytown": load_agreements(ROOT / "examples/anytown/agreements"),
}
EVERY = [(name, d.id) for name, agreements in DEPLOYMENTS.items() for d in agreements.documents()]
CW = Namespace("urn:commonweal:odrl:")
ODRL_OPERANDS = {"and", "or"}
"""Terms of ODRL that rdflib's list leaves out because Python reserves the words."""

DPV_2 = {
    *("ServiceProvision", "ImprovePublicServices", "OrganisationGovernance", "LegalCompliance"),
    *("NonCommercialResearch", "ImproveHealthcare", "ProvideOfficialStatistics", "LegalBasis", "Consent"),
    *("Pseudonymisation", "Deidentification", "EncryptionAtRest", "EncryptionInTransfer"),
    *("AccessControlMethod", "ActivityMonitoring", "StorageDuration"),
    *("hasLegalBasis", "hasStorageCondition", "hasTechnicalOrganisationalMeasure"),
}
"""Terms looked up in the Data Privacy Vocabulary 2.0."""


@cache
def exported(deployment: str, document: str) -> dict:
    return json.loads(json.dumps(policy(DEPLOYMENTS[deployment], document)))


@cache
def graph(deployment: str, document: str) -> Graph:
    return Graph().parse(data=json.dumps(exported(deployment, document)), format="json-ld")


def shapes() -> Graph:
    return Graph().parse(VOCABULARIES / "shapes.ttl")


def conforms(data: Graph) -> bool:
    return bool(validate(data, shacl_graph=shapes(), inference="none")[0])


@pytest.mark.parametrize(("deployment", "document"), EVERY)
def test_a_policy_is_valid_by_the_shapes(deployment, document):
    done, _, report = validate(graph(deployment, document), shacl_graph=shapes(), inference="none")
    assert done, report


@pytest.mark.parametrize(
    "missing", ["uid", "action", "target", "leftOperand", "operator", "rightOperand", "assigner", "assignee"]
)
def test_the_shapes_notice_what_is_missing(missing):
    spoiled = Graph()
    spoiled += graph("evergreen", "DUL-2026-002")
    for subject in list(spoiled.subjects(ODRL2[missing])):
        spoiled.remove((subject, ODRL2[missing], None))
    assert not conforms(spoiled)


def test_the_shapes_notice_two_actions_and_an_unknown_operator():
    for predicate, extra in ((ODRL2.action, ODRL2.sell), (ODRL2.operator, ODRL2.use)):
        spoiled = Graph()
        spoiled += graph("evergreen", "DUL-2026-002")
        subject = next(spoiled.subjects(predicate))
        spoiled.add((subject, predicate, extra))
        assert not conforms(spoiled)


@pytest.mark.parametrize(("deployment", "document"), EVERY)
def test_every_term_of_a_vocabulary_exists_in_it(deployment, document):
    own = set(Graph().parse(VOCABULARIES / "profile.ttl").subjects())
    odrl = {str(term) for term in dir(ODRL2)} | {str(ODRL2) + word for word in ODRL_OPERANDS}
    for triple in graph(deployment, document):
        for node in triple:
            if not isinstance(node, URIRef):
                continue
            if node.startswith(str(ODRL2)):
                assert str(node) in odrl
            if node.startswith(str(CW)):
                assert node in own
            if node.startswith("https://w3id.org/dpv#"):
                assert node.partition("#")[2] in DPV_2


def obligations(deployment: str, document: str) -> tuple[Obligation, ...]:
    """What the engine applies to a use under this document."""
    agreements = DEPLOYMENTS[deployment]
    found = next(d for d in agreements.documents() if d.id == document)
    if isinstance(found, Dul):
        dsas, dul = [agreements.by_source[s] for s in sorted(found.sources)], found
    else:
        dsas, dul = [found] if isinstance(found, Dsa) else [], None
    law: list[Basis] = [agreements.bases[use.code] for dsa in dsas for use in dsa.legal_basis]
    return obligations_of(agreements.emou, law, dsas, dul).items


@pytest.mark.parametrize(("deployment", "document"), EVERY)
def test_the_round_trip_keeps_every_obligation_with_its_clause(deployment, document):
    data = graph(deployment, document)
    said = {
        tuple(str(data.value(node, CW[part])) for part in ("rule", "value", "document", "clause"))
        for node in data.subjects(CW.rule)
    }
    wanted = {(o.rule, plain(o.value), o.document, o.clause) for o in obligations(deployment, document)}
    assert wanted
    assert said == wanted


def strictest(deployment, document, rule):
    return next(o.value for o in obligations(deployment, document) if o.rule == rule)


def test_values_are_said_in_the_words_of_odrl():
    data = graph("evergreen", "DUL-2026-001")
    count = next(data.subjects(ODRL2.leftOperand, ODRL2["count"]))
    assert data.value(count, ODRL2.operator) == ODRL2.gteq
    assert data.value(count, ODRL2.rightOperand).toPython() == strictest(
        "evergreen", "DUL-2026-001", "min_cell"
    )
    ends = next(data.subjects(CW.rule, Literal("destroy_on")))
    assert data.value(ends, ODRL2.action) == ODRL2["delete"]
    by = data.value(data.value(ends, ODRL2.constraint), ODRL2.rightOperand)
    assert by.toPython() == strictest("evergreen", "DUL-2026-001", "destroy_on")
    purpose = next(data.subjects(ODRL2.leftOperand, ODRL2.purpose))
    assert str(data.value(purpose, ODRL2.rightOperand)).endswith("#ImprovePublicServices")


def test_a_project_permits_its_form_and_forbids_its_bans():
    rows, aggregates = exported("evergreen", "DUL-2026-001"), exported("evergreen", "DUL-2026-002")
    assert [rule["action"] for rule in rows["permission"]] == ["read", "distribute"]
    assert [rule["action"] for rule in aggregates["permission"]] == ["aggregate", "distribute"]
    bans = {rule["action"] for rule in rows["prohibition"]}
    assert {"cw:decision_about_a_person", "cw:reidentify", "transfer"} <= bans


def test_a_source_that_lets_nothing_out_permits_no_distribution():
    agreements = DEPLOYMENTS["evergreen"]
    wages = agreements.dsa_for("esd_wages")
    shut = wages.model_copy(update={"release": wages.release.model_copy(update={"outputs": "none"})})
    closed = type(agreements)(
        agreements.emou,
        tuple(shut if d.id == wages.id else d for d in agreements.dsas),
        agreements.duls,
        agreements.bases,
    )
    said = policy(closed, "DUL-2026-001")
    assert [rule["action"] for rule in said["permission"]] == ["read"]


def test_demands_breaches_and_rights_are_duties_with_their_clocks():
    duties = exported("evergreen", "EMOU-EVERGREEN-2022")["obligation"]
    by_clause = {duty["cw:clause"]: duty for duty in duties}
    federal = by_clause["compelled_disclosure.federal"]["constraint"]
    assert {"@value": "PT12H", "@type": "xsd:duration"} in [c["rightOperand"] for c in federal]
    assert by_clause["subject_rights.opt_out"]["constraint"][0]["rightOperand"]["@value"] == "P15D"
    assert by_clause["compelled_disclosure.without_counsel"]["action"] == "cw:obtain_counsel"


def test_every_purpose_and_ban_has_a_word_and_no_two_share_one():
    assert set(PURPOSES) == set(Purpose)
    assert len(set(PURPOSES.values())) == len(PURPOSES)
    assert {term.partition(":")[2] for term in (*PURPOSES.values(), *MEASURES)} <= DPV_2
    own = Graph().parse(VOCABULARIES / "profile.ttl")
    for use in ProhibitedUse:
        assert (CW[use], RDF.type, ODRL2.Action) in own


def test_a_rule_the_table_does_not_know_is_said_and_not_left_out():
    strange = Obligation("colour", "blue", "DSA-X", "colour")
    assert as_duty(strange) is None
    assert as_constraint(strange)["leftOperand"] == "cw:colour"


def test_an_unknown_document_is_a_fault_of_the_call():
    with pytest.raises(UsageFault, match="no document of that id"):
        policy(DEPLOYMENTS["evergreen"], "DSA-NOBODY")


def commanded(*words: str):
    """What the command prints, and its exit code."""
    return CliRunner().invoke(cli, ["--config", str(ROOT / "commonweal.toml"), "agreement", "export", *words])


def test_the_command_prints_a_policy_and_nothing_else():
    said = commanded("DSA-ESD-WAGES")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == exported("evergreen", "DSA-ESD-WAGES")


def test_the_command_writes_the_clauses_as_they_were_signed(tmp_path):
    said = commanded("DSA-ESD-WAGES", "--format", "json", "--out", str(tmp_path / "wages.json"), "--json")
    assert json.loads(said.stdout)["schema"] == "commonweal/agreement export/1"
    clauses = json.loads((tmp_path / "wages.json").read_text())
    agreement = DEPLOYMENTS["evergreen"].dsa_for("esd_wages")
    assert digest(Dsa.model_validate_json(json.dumps(clauses))) == digest(agreement)
