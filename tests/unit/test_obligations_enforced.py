"""Every obligation is enforced somewhere, and each of these tests fails where it no longer is.

The table says for each rule which function enforces it and shows it at work: what is
permitted or shown without the obligation is not with it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest

from data_sharing_agreements.decisions import Decision, Request, decide
from data_sharing_agreements.decisions.obligations import (
    _STRICTEST,
    CUMULATIVE,
    DOMINANCE,
    PERIOD,
    Obligation,
    Obligations,
    SourceDay,
)
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.errors import Refused
from data_sharing_agreements.registry import Registry
from pipelines.cli.query import attributions
from tests.unit.test_mart_control import definition
from tests.warehouse_support import Place, clinic_rows, make_place, text_of
from warehouse.core.period import inside_sql
from warehouse.indicators.scorecard import scorecard_html
from warehouse.ingest.landing import empty_landing
from warehouse.marts.control import protect_rows
from warehouse.marts.publication import lay_out
from warehouse.query.table import NoiseSource, controlled

ROOT = Path(__file__).resolve().parents[2]
EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)
ON = date(2026, 6, 1)
ALL_RULES = {*_STRICTEST, *CUMULATIVE, *PERIOD, DOMINANCE}


def duties(rule: str, value: object) -> Obligations:
    return Obligations((Obligation(rule, value, "DUL-X", "clause"),))


def shown(obligations: Obligations, kind: str = "count", **columns: list[float]) -> pd.DataFrame:
    """A table of two groups of 40 and of 5 persons, and one of nobody, as it may be shown."""
    cells = pd.DataFrame({"group": ["a", "b", "c"], "persons": [43, 5, 0], **columns})
    frame = controlled({("group",): cells}, kind, obligations, NoiseSource(b"k" * 32, "mart"))
    return frame.set_index("group")


def test_min_cell() -> None:
    assert shown(Obligations()).loc["b", "persons"] == 5
    assert pd.isna(shown(duties("min_cell", 11)).loc["b", "persons"])


def test_zero_is_small() -> None:
    small = Obligations((*duties("min_cell", 11).items, *duties("zero_is_small", True).items))
    assert shown(duties("min_cell", 11)).loc["c", "persons"] == 0
    assert pd.isna(shown(small).loc["c", "persons"])


def test_rounding() -> None:
    assert shown(Obligations()).loc["a", "persons"] == 43
    assert shown(duties("rounding", 5)).loc["a", "persons"] == 45


def test_noise_sd() -> None:
    drawn = {sd: shown(duties("noise_sd", sd)).loc["a", "persons"] for sd in (0.0, 50.0)}
    assert drawn[0.0] == 43 != drawn[50.0]


PAY = {"total": [1000.0, 900.0, 0.0], "largest": [30.0, 850.0, 0.0], "second": [30.0, 20.0, 0.0]}


def test_dominance() -> None:
    assert shown(Obligations(), "mean", **PAY).loc["b", "value"] == 180
    assert pd.isna(shown(duties("dominance", (1, 0.5)), "mean", **PAY).loc["b", "value"])


def test_p_percent() -> None:
    assert pd.isna(shown(duties("p_percent", 0.1), "mean", **PAY).loc["b", "value"])
    assert shown(duties("p_percent", 0.01), "mean", **PAY).loc["b", "value"] == 180


def test_query_budget(tmp_path: Path) -> None:
    with Registry.create(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        registry.budget.spend("p", "ann", 2.0, limit=duties("query_budget", 2.0).query_budget)
        with pytest.raises(Refused):
            registry.budget.spend("p", "ann", 1.0, limit=duties("query_budget", 2.0).query_budget)
        registry.budget.spend("p", "ann", 1.0, limit=Obligations().query_budget)


PEOPLE = pd.DataFrame(
    {"study_id": range(12), "region": ["n"] * 10 + ["s"] * 2, "pay_1": range(12), "pay_2": range(12)}
)


def with_rule(rule: str, value: object) -> Obligations:
    neutral = (*duties("k_anonymity", 1).items, *duties("trajectory_share", 1.0).items)
    return Obligations((*(item for item in neutral if item.rule != rule), *duties(rule, value).items))


def test_k_anonymity() -> None:
    kept, _ = protect_rows(PEOPLE, definition([]), with_rule("k_anonymity", 1))
    assert set(kept["region"]) == {"n", "s"}
    fewer, _ = protect_rows(PEOPLE, definition([]), with_rule("k_anonymity", 5))
    assert "s" not in set(fewer["region"].dropna())


def test_trajectory_share() -> None:
    lone = Obligations((*duties("k_anonymity", 5).items, *duties("trajectory_share", 1.0).items))
    protect_rows(PEOPLE, definition([]), lone)
    held = Obligations((*duties("k_anonymity", 5).items, *duties("trajectory_share", 0.0).items))
    with pytest.raises(Refused):
        protect_rows(PEOPLE, definition([]), held)


def refused(on: date = ON, **asked: object) -> set[str]:
    return {reason.code for reason in decide(Request(**asked), EVERGREEN, on).reasons}


def test_release_form() -> None:
    asked = {"verb": "query", "project": "results", "actor": "analyst"}
    assert not refused(**asked, form="aggregates")
    assert refused(**asked, form="rows") == {"form-not-permitted"}


LONG_AGO = {"made": date(2026, 1, 1)}


def test_outputs() -> None:
    asked = {"verb": "release", "project": "tanf-leavers", "actor": "researcher", **LONG_AGO}
    assert not refused(**asked, form="aggregates")
    assert "form-not-permitted" in refused(**asked, form="rows")


def test_public() -> None:
    assert not refused(verb="export", project="results", form="aggregates", **LONG_AGO)
    found = refused(verb="export", project="tanf-leavers", form="aggregates", **LONG_AGO)
    assert found == {"export-not-permitted"}


def test_review_days() -> None:
    asked = {"verb": "export", "project": "results", "form": "aggregates"}
    assert not refused(**asked, made=ON - timedelta(days=15))
    assert refused(**asked, made=ON - timedelta(days=13)) == {"review-not-over"}


def test_destroy_on() -> None:
    asked = {"verb": "query", "project": "tanf-leavers", "actor": "researcher", "form": "rows"}
    by = EVERGREEN.by_project["tanf-leavers"].destruction.by
    assert "destruction-due" not in refused(by, **asked)
    assert "destruction-due" in refused(by + timedelta(days=1), **asked)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A clinic whose first delivery was taken in from the home's own landing directory."""
    made = make_place(tmp_path)
    made.landing = made.hub.deployment.landing
    made.deliver("visits_2023Q1.csv", text_of(clinic_rows(60)))
    digest = sha256(text_of(clinic_rows(60)).encode()).hexdigest()
    made.deliver("visits_2023Q1.csv.sha256", f"{digest}  visits_2023Q1.csv")
    assert [step.status for step in made.run()] == ["done"]
    return made


def test_landing_hours(place: Place) -> None:
    hours = place.hub.agreements.by_source["clinic"].transfer.landing_hours
    lying = place.landing / "visits_2023Q1.csv"
    soon = datetime.now(UTC) + timedelta(hours=hours - 1)
    assert empty_landing(place.hub, soon) == []
    assert lying.exists()
    late = datetime.now(UTC) + timedelta(hours=hours + 1)
    assert len(empty_landing(place.hub, late)) == 1
    assert not list(place.landing.iterdir()), "the file and its digest"
    assert empty_landing(place.hub, late) == []
    said = [e["summary"]["request"]["verb"] for e in place.hub.log.show(None, kind="decision")]
    assert said.count("destroy") == 1
    assert [step.status for step in place.run()] == ["skipped"], "what was taken in stands"


def test_only_what_is_spent_and_ours_and_unchanged_is_removed(place: Place, tmp_path: Path) -> None:
    late = datetime.now(UTC) + timedelta(days=400)
    place.deliver("visits_2023Q1.csv", text_of(clinic_rows(61)))
    assert empty_landing(place.hub, late) == [], "it was written over: another delivery"
    waiting = place.deliver("visits_2023Q2.csv", "no,such,columns\n")
    place.run()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.landing = elsewhere
    other = place.deliver("visits_2022Q4.csv", text_of(clinic_rows(60, "2022Q4")))
    assert "done" in {step.status for step in place.run()}
    empty_landing(place.hub, late)
    assert waiting.exists(), "held"
    assert other.exists(), "not our landing directory"


def test_period_from_and_until() -> None:
    first, last = date(2024, 1, 1), date(2024, 6, 30)
    bounds = Obligations(
        (
            Obligation("period_from", SourceDay("esd_wages", first), "DSA-X", "period.start"),
            Obligation("period_until", SourceDay("esd_wages", last), "DSA-X", "period.until"),
        )
    )
    days = "(SELECT unnest([DATE '2023-12-31', '2024-03-01', '2024-07-01']) AS event_date)"
    with duckdb.connect(":memory:") as connection:

        def left(obligations: Obligations, source: str) -> int:
            sql = inside_sql(days, "event", obligations.period(source))
            return connection.execute(f"SELECT count(*) FROM {sql}").fetchone()[0]

        assert left(Obligations(), "esd_wages") == 3
        assert left(bounds, "esd_wages") == 1
        assert left(bounds, "dshs_tanf") == 3


@pytest.mark.parametrize(
    ("module", "function"),
    [("warehouse/core/builder.py", "fact_sql"), ("warehouse/marts/views.py", "make_views")],
)
def test_core_and_marts_read_facts_inside_the_period_only(module: str, function: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    node = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)
    assert any(isinstance(n, ast.Name) and n.id == "inside_sql" for n in ast.walk(node))


def note_of(tmp_path: Path, obligations: Obligations) -> dict:
    """The note beside a table that waits for its reviewers."""

    def reports(*parts: str) -> Path:
        path = tmp_path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    hub = SimpleNamespace(reports=reports, gate=SimpleNamespace(today=lambda: ON))
    request = Request("prepare", project="p", form="aggregates")
    lay_out(hub, request, Decision(True, (), obligations), "mart", "1", pd.DataFrame({"n": [1]}))
    return json.loads((tmp_path / "in_review" / "mart-1.json").read_text())


def test_reviewer(tmp_path: Path) -> None:
    assert note_of(tmp_path, duties("reviewer", "The Board"))["reviewers"] == ["The Board"]
    assert note_of(tmp_path, Obligations())["reviewers"] == []


def test_attribution(tmp_path: Path) -> None:
    text = "Source: the Agency."
    bound = duties("attribution", text)
    assert note_of(tmp_path, bound)["attribution"] == [text]
    assert attributions(bound.listed()) == [text]
    assert text in scorecard_html("State", [], [], bound.attribution, ON)
    assert text not in scorecard_html("State", [], [], (), ON)


ENFORCED: dict[str, Callable[..., None]] = {
    "min_cell": test_min_cell,
    "zero_is_small": test_zero_is_small,
    "rounding": test_rounding,
    "p_percent": test_p_percent,
    "dominance": test_dominance,
    "release_form": test_release_form,
    "outputs": test_outputs,
    "public": test_public,
    "review_days": test_review_days,
    "reviewer": test_reviewer,
    "landing_hours": test_landing_hours,
    "destroy_on": test_destroy_on,
    "k_anonymity": test_k_anonymity,
    "trajectory_share": test_trajectory_share,
    "noise_sd": test_noise_sd,
    "query_budget": test_query_budget,
    "period_from": test_period_from_and_until,
    "period_until": test_period_from_and_until,
    "attribution": test_attribution,
}
"""Each rule, and where it is shown at work."""

ELSEWHERE = {"restriction": "tests/attack/test_restrictions.py"}
"""Rules whose enforcement needs whole stores."""


def test_every_rule_of_obligations_is_enforced_somewhere() -> None:
    assert {*ENFORCED, *ELSEWHERE} == ALL_RULES
    assert all((ROOT / path).is_file() for path in ELSEWHERE.values())
