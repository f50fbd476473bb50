"""Events of runs that did not go well, and of transformations, in OpenLineage's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.workplace import Workplace
from data_sharing_agreements.errors import ErrorDetail, Invalid
from pipelines.openlineage import write_events
from pipelines.openlineage_facets import column_facets, inputs_of
from tests.lineage_support import STATES
from tests.warehouse_support import make_place
from warehouse.lineage.trail import Layer, Place
from warehouse.steps import StepResult

REFUSED = StepResult("ingest", "clinic", "2023Q1", status="refused", errors=(ErrorDetail("no-term", "No."),))
NAMESPACE = "commonweal://evergreen"


def told(workplace: Workplace, *, failed: bool) -> list[dict]:
    write_events(workplace, failed=failed)
    path = workplace.hub.deployment.reports / "openlineage" / f"{workplace.run_id}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    place = make_place(tmp_path)
    return Workplace(place.hub, place.landing, place.hub.registry.runs.start("run").id)


def test_a_refused_step_fails_with_the_words_of_the_refusal_and_makes_nothing(workplace: Workplace) -> None:
    workplace.record(REFUSED)
    workplace.record(StepResult("ingest", "school", "2023Q1", status="skipped"))
    events = told(workplace, failed=True)
    assert [(e["eventType"], e["job"]["name"]) for e in events] == [
        ("START", "run"),
        ("START", "ingest.clinic"),
        ("FAIL", "ingest.clinic"),
        ("FAIL", "run"),
    ]
    assert events[2]["run"]["facets"]["errorMessage"]["message"] == "No. (no-term)"
    assert events[3]["run"]["facets"]["errorMessage"]["message"]
    assert not [dataset for event in events for dataset in event["outputs"]]


def test_an_accepted_delivery_makes_the_content_of_its_source(workplace: Workplace) -> None:
    workplace.record(StepResult("ingest", "clinic", "2023Q1", rows_in=5, rows_out=5, seconds=2.0))
    events = told(workplace, failed=False)
    (done,) = [e for e in events if e["eventType"] == "COMPLETE" and e["job"]["name"] == "ingest.clinic"]
    assert [dataset["name"] for dataset in done["inputs"]] == ["file.clinic.visit"]
    (made,) = done["outputs"]
    assert made["name"] == "content.clinic.visit"
    fields = made["facets"]["columnLineage"]["fields"]
    (clinic,) = fields["clinic"]["inputFields"]
    assert clinic["field"] == "clinic"
    assert clinic["transformations"][0]["masking"] is True
    (born,) = fields["birth_month"]["inputFields"]
    assert (born["field"], born["transformations"][0]["description"]) == ("born", "the day left out")
    assert "last" not in fields, "a surname is not in content"
    assert made["facets"]["ownership"]["owners"][0]["name"] == "team:health"


def test_documents_that_are_faulty_do_not_hide_why_the_run_failed(workplace: Workplace) -> None:
    workplace.record(REFUSED)
    directory = workplace.hub.deployment.indicators_dir
    directory.mkdir(parents=True)
    (directory / "a.yaml").write_text("id: [", encoding="utf-8")
    assert told(workplace, failed=True)[-1]["eventType"] == "FAIL"
    with pytest.raises(Invalid):
        told(workplace, failed=False)


@pytest.mark.parametrize(
    ("column", "start", "kind"),
    [
        ("wages", "core.esd_wages.event", ("DIRECT", "TRANSFORMATION", True)),
        ("has_wages", "core.esd_wages.event", ("DIRECT", "TRANSFORMATION", False)),
        ("study_id", "core.esd_wages.event", ("DIRECT", "IDENTITY", False)),
        ("sex", "core.ssa_numident.demographic", ("DIRECT", "TRANSFORMATION", True)),
    ],
)
def test_transformations_have_their_kind(column: str, start: str, kind: tuple[str, str, bool]) -> None:
    trail = STATES["anytown"].trails["household-wages"]
    end = Place(Layer.MART, "household-wages/household_wages", column)
    found = column_facets(trail, NAMESPACE, end)["columnLineage"].fields[column].inputFields
    given = [part for part in found if part.name == start and part.transformations[0].type == "DIRECT"]
    assert {(t.type, t.subtype, t.masking) for part in given for t in part.transformations} == {kind}


def test_rows_are_told_as_indirect() -> None:
    trail = STATES["anytown"].trails["household-wages"]
    end = Place(Layer.MART, "household-wages/household_wages", "wages")
    rows = column_facets(trail, NAMESPACE, end)["columnLineage"].dataset
    assert {t.type for part in rows for t in part.transformations} == {"INDIRECT"}
    assert {"JOIN", "FILTER"} <= {t.subtype for part in rows for t in part.transformations}
    assert "household-wages/person" not in inputs_of(trail, end)
    assert "core.esd_wages.event" in inputs_of(trail, end)
