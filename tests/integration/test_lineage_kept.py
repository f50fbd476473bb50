"""Lineage after a run, from the command line: what was taken down, what is told, and the run's events."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.generated.column_lineage_dataset import Fields, InputField

from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from pipelines.openlineage_facets import CLAUSES, CLAUSES_SCHEMA
from tests.lineage_support import STATES
from tests.registries import url_of_home
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.lineage import lineage
from warehouse.lineage.naming import names_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FACET = json.loads((ROOT / CLAUSES_SCHEMA.partition("#")[0]).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def events(finished: tuple[Path, dict]) -> list[dict]:
    home, said = finished
    path = home / "reports" / "openlineage" / f"{said['run_id']}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_name_is_joined_with_deliveries_link_version_decision_and_clauses(
    finished: tuple[Path, dict], call_here: Callable
) -> None:
    home, said = finished
    with Registry.open(url_of_home(home)) as registry:
        entries = {entry["index"]: entry for entry in Log(registry, None).show(100_000)}
        standing = {d.id: d for d in registry.deliveries.current()}
    for name in ("leaver_earnings", "public_program_counts.csv", "leaver_earnings.region"):
        found = call_here("lineage", name, "--json", home=home).json
        assert found["schema"] == "commonweal/lineage/1"
        assert found["deliveries"]
        for delivery in found["deliveries"]:
            assert delivery["sha256"] == standing[delivery["id"]].sha256
            sent = [{"name": f.name, "sha256": f.sha256} for f in standing[delivery["id"]].files]
            assert delivery["files"] == sent
            assert sent
            assert delivery["received"] == standing[delivery["id"]].received_at
        assert found["link_version"] == found["link"]["version"] == said["link"]["version"]
        assert found["link"]["model"]
        entry = entries[found["decision"]]
        assert (entry["kind"], entry["summary"]["permitted"]) == ("decision", True)
        assert entry["summary"]["request"]["verb"] == "build"
        assert found["mart"].startswith(f"{entry['summary']['request']['project']}/")
        cited = {(c["document"], c["clause"]) for c in entry["clauses"]}
        told = {(c["document"], c["clause"]) for c in found["clauses"]}
        assert told
        assert told <= cited
        assert {c["document"] for c in found["clauses"]} >= {d["id"] for d in found["documents"]}


@pytest.mark.parametrize("form", ["text", "svg", "openlineage"])
def test_every_form_is_printed(finished: tuple[Path, dict], call_here: Callable, form: str) -> None:
    done = call_here("lineage", "tanf_leavers_employed", "--format", form, home=finished[0])
    assert done.code == 0, done.err
    assert {"text": "What permits it", "svg": "<svg ", "openlineage": '"columnLineage"'}[form] in done.out


def test_what_was_built_stays_told_when_its_sql_changes(
    home: Path, tmp_path: Path, call_here: Callable
) -> None:
    marts = tmp_path / "marts"
    shutil.copytree(ROOT / "warehouse" / "marts", marts, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    sql = marts / "tanf-leavers" / "leaver_earnings.sql"
    sql.write_text(
        sql.read_text().replace("    e.exit_reason,", "    p.sex AS exit_reason,"), encoding="utf-8"
    )
    config = tmp_path / "commonweal.toml"
    text = (ROOT / "commonweal.toml").read_text(encoding="utf-8")
    for key in ("contracts", "agreements", "core", "indicators"):
        text = re.sub(rf'^{key} = "(.*)"$', rf'{key} = "{ROOT}/\1"', text, flags=re.MULTILINE)
    config.write_text(
        re.sub(r'^marts = ".*"$', f'marts = "{marts}"', text, flags=re.MULTILINE), encoding="utf-8"
    )

    def ask(*words: str, config: Path) -> dict:
        return call_here(
            "lineage", "leaver_earnings.exit_reason", *words, "--json", home=home, config=config
        ).json

    before = ask(config=ROOT / "commonweal.toml")
    assert ask(config=config) == before
    assert ask("--version", before["mart_version"], config=config) == before
    now = ask("--today", config=config)
    assert (now["mart_version"], now["decision"], now["permitted"]) == (None, None, True)
    assert {o["column"] for o in before["value_from"]} == {"closed_family.closure_reason"}
    assert "closed_family.closure_reason" not in {o["column"] for o in now["value_from"]}


def test_names_and_versions_that_are_not_there(finished: tuple[Path, dict], call_here: Callable) -> None:
    home = finished[0]
    for words in (
        ("nothing",),
        ("leaver_earnings.nothing",),
        ("tanf_leavers_employed.nothing",),
        ("leaver_earnings", "--version", "99"),
        ("leaver_earnings", "--version", "1", "--today"),
    ):
        done = call_here("lineage", *words, "--json", home=home)
        assert done.code == 2, words
        assert done.json["errors"][0]["next"]


def test_each_project_has_a_page_linked_from_its_codebooks(finished: tuple[Path, dict]) -> None:
    reports = finished[0] / "reports"
    for project, specs in STATES["evergreen"].marts.items():
        page = (reports / "lineage" / f"{project}.html").read_text(encoding="utf-8")
        for spec in specs:
            mart = spec.definition.mart
            assert f'id="{mart}"' in page
            assert all(f"<code>{column}</code>" in page for column in spec.definition.columns)
            codebook = (reports / "marts" / project / f"{mart}.html").read_text(encoding="utf-8")
            assert f'href="../../lineage/{project}.html#{mart}"' in codebook
        assert page.count("<svg ") == len(specs)


def test_a_run_and_each_step_that_did_something_begin_and_end_once(
    events: list[dict], finished: tuple[Path, dict]
) -> None:
    did = [step for step in finished[1]["steps"] if step["status"] != "skipped"]
    runs: dict[str, list[str]] = {}
    for event in events:
        runs.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert len(runs) == len(did) + 1
    assert all(states == ["START", "COMPLETE"] for states in runs.values())
    (whole,) = {event["run"]["runId"] for event in events if event["job"]["name"] == "run"}
    parents = [event["run"]["facets"]["parent"]["run"]["runId"] for event in events if event["run"]["facets"]]
    assert set(parents) == {whole}
    assert len(parents) == 2 * len(did)


def test_events_are_those_of_the_openlineage_client(events: list[dict]) -> None:
    """Its classes check ids, times and addresses when an event is read back."""
    for event in events:
        made = RunEvent(
            eventTime=event["eventTime"],
            eventType=RunState(event["eventType"]),
            run=Run(runId=event["run"]["runId"]),
            job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
            producer=event["producer"],
        )
        assert made.schemaURL == event["schemaURL"]
        assert UUID(made.run.runId)
        for dataset in (*event["inputs"], *event["outputs"]):
            assert dataset["namespace"] == "commonweal://evergreen"
            for facet in dataset["facets"].values():
                assert facet["_producer"] == event["producer"]
                assert facet["_schemaURL"]
            lineage = dataset["facets"].get("columnLineage", {"fields": {}, "dataset": []})
            fields = [Fields(inputFields=field["inputFields"]) for field in lineage["fields"].values()]
            used = [part for field in fields for part in field.inputFields] + lineage["dataset"]
            for part in used:
                InputField(namespace=part["namespace"], name=part["name"], field=part["field"])
                kinds = {t["type"] for t in part["transformations"]}
                assert kinds <= {"DIRECT", "INDIRECT"}


def test_marts_carry_their_clauses_in_a_facet_of_our_own(events: list[dict]) -> None:
    made = [d for e in events for d in e["outputs"] if d["name"].startswith("mart.")]
    assert {d["name"] for d in made} >= {"mart.tanf-leavers/leaver_earnings", "mart.results/tanf_leavers"}
    for dataset in made:
        facet = dataset["facets"][CLAUSES]
        assert facet["_schemaURL"] == CLAUSES_SCHEMA
        jsonschema.validate({CLAUSES: facet}, FACET)
        assert facet["clauses"]
        assert facet["linkVersion"] == 1
        lineage = dataset["facets"]["columnLineage"]["fields"]
        names = {field["name"] for field in dataset["facets"]["schema"]["fields"]}
        assert names >= set(lineage)


def test_datasets_hang_together_from_files_to_figures(events: list[dict]) -> None:
    made = {d["name"] for e in events for d in e["outputs"]}
    read = {d["name"] for e in events for d in e["inputs"]}
    assert {name for name in read - made if not name.startswith("file.")} == set()
    figures = {f"figure.{d.id}" for d in STATES["evergreen"].indicators}
    assert figures <= made


def test_no_event_holds_a_number_of_rows_or_a_value(events: list[dict]) -> None:
    text = json.dumps(events)
    assert not re.search(r"rowCount|outputStatistics|inputStatistics|dataQuality", text)
    numbers = {part for event in events for part in _numbers(event)}
    entries = {
        d["facets"][CLAUSES]["decision"] for e in events for d in e["outputs"] if CLAUSES in d["facets"]
    }
    assert numbers <= entries | {1}


def _numbers(value: object) -> set[float]:
    if isinstance(value, dict):
        return set().union(*map(_numbers, value.values()))
    if isinstance(value, list):
        return set().union(*map(_numbers, value))
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def test_every_name_can_be_asked(finished: tuple[Path, dict]) -> None:
    deployment = Deployment.load(ROOT / "commonweal.toml", finished[0])
    with Hub.open(deployment) as hub:
        for name in names_of(deployment):
            for today in (False, True):
                found = lineage(hub, name, today=today).to_json()
                assert found["value_from"] or found["rows_from"], name
                assert found["clauses"], name
                assert found["steps"], name
