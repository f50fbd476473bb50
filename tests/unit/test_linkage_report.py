"""The report's parts: what holds persons together, steps that add up, small counts, the public record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.registry.models import LinkModel
from data_sharing_agreements.registry.products import LinkVersion
from data_sharing_agreements.transparency import transparency
from linkage import report_charts, report_rows
from linkage.model import read_model
from linkage.quality import write_quality
from linkage.report import gather, render
from linkage.spine import Version, ensure_spine
from linkage.splink_charts import write_charts
from linkage.train import untrained
from linkage.waterfalls import Step, Waterfall, waterfalls
from linkage.weakest import weakest_links
from warehouse.indicators import linked_band
from warehouse.indicators.linkband import link_band
from warehouse.indicators.result import Result

PERSON = {1: 10, 2: 10, 3: 10, 4: 11, 5: 11, 6: 12}
WEIGHT = {(1, 2): 12.0, (2, 3): 1.0, (1, 3): 5.0, (4, 5): 8.0, (5, 6): 30.0}
MODEL = untrained(read_model(), 1000)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Six records of three persons, and the pair 5, 6 that is not joined."""
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS warehouse")
        ensure_spine(opened)
        opened.execute("INSERT INTO warehouse.spine.version VALUES (1, now()::TIMESTAMP, 'm', 6, 3, 'hash')")
        opened.execute("INSERT INTO warehouse.spine.model VALUES (1, ?)", [MODEL.to_json()])
        opened.register("given", pd.DataFrame({"r": list(PERSON), "p": list(PERSON.values())}))
        opened.execute("INSERT INTO warehouse.spine.assignment SELECT r, p, 'a', 1, NULL FROM given")
        for (left, right), weight in WEIGHT.items():
            opened.execute(
                "INSERT INTO warehouse.spine.pair VALUES (1, ?, ?, ?, 0.9, NULL)", [left, right, weight]
            )
        yield opened


def test_a_person_is_as_strong_as_the_weakest_pair_it_needs(connection: duckdb.DuckDBPyConnection) -> None:
    """1, 2, 3 hold by 12 and 5, whatever the third pair says; 4, 5 by 8; another person's pair counts not."""
    found = weakest_links(connection)
    assert {low: persons for low, _, persons in found.bands} == {None: 0, 0.0: 0, 3.0: 1, 7.0: 1, 10.0: 0}
    assert found.apart == 0
    connection.execute("DELETE FROM warehouse.spine.pair WHERE record_key_l = 4")
    assert weakest_links(connection).apart == 1


def test_no_record_holds_nobody_together() -> None:
    with duckdb.connect() as opened:
        opened.execute("ATTACH ':memory:' AS warehouse")
        ensure_spine(opened)
        assert sum(persons for _, _, persons in weakest_links(opened).bands) == 0


def test_steps_add_up_to_the_weight_and_few_pairs_show_no_pattern(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    pattern = [1] * len(MODEL.comparisons)
    connection.execute("UPDATE warehouse.spine.pair SET pattern = ?, weight = 2", [pattern])
    assert waterfalls(connection, MODEL, smallest=5) == []
    (fall,) = waterfalls(connection, MODEL, smallest=4)
    assert fall.pairs == 4
    assert sum(step.bits for step in fall.steps) == pytest.approx(fall.weight) == pytest.approx(2.0)
    assert len(fall.steps) == 2 + len(MODEL.comparisons)


def test_the_page_tells_no_small_count_and_says_who_approved_nothing(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    group = {"value": 0.99, "low": 0.98, "high": 1.0}
    measured = {"precision": group, "recall": group, "link_rate": group}
    parts = [
        {"column": "sex", "group": name, "records": n, "clusters": measured}
        for name, n in (("F", 600), ("M", 600), ("mark_small", 7))
    ]
    write_quality(connection, 1, {"clusters": measured, "by_subgroup": parts}, "model")
    facts = {"model": {"state": "waiting", "words": "Nobody has approved it.", "digest": "d" * 64}}
    write_quality(connection, 1, facts, "facts")
    page = render(gather(connection, smallest=11))
    assert "Nobody has approved it." in page
    assert "mark_small" not in page
    assert "Mark small" not in page
    assert re.search(r"records of <b>·</b> persons", page), "six records of three persons are too few to tell"
    assert "<script" not in page
    assert "about <strong>10</strong> are not of one person" in page
    assert "most likely 98.0% to 100.0%" in page
    assert "first version" in page


def test_an_increment_says_that_it_is_one_and_whose_model_it_uses(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        """INSERT INTO warehouse.spine.made VALUES
            (1, 'full', 'asked', 6, NULL), (2, 'increment', '', 4321, 0.03)"""
    )
    connection.execute(
        "INSERT INTO warehouse.spine.version VALUES (2, TIMESTAMP '2026-03-09', 'm', 7, 3, 'h')"
    )
    connection.execute("INSERT INTO warehouse.spine.model VALUES (2, ?)", [MODEL.to_json()])
    connection.execute(
        """INSERT INTO warehouse.spine.change (version, kind, record_key)
            SELECT 2, kind, n FROM (VALUES ('new', 12), ('merge', 3)) t(kind, m), range(m) r(n)"""
    )
    page = render(gather(connection, smallest=11))
    assert "Made on 9 March 2026. It is an increment: 4,321 of its records" in page
    assert "It uses the model of version 1" in page
    assert "Since version 1: 12 records are new." in page
    assert "lies 0.03 from what that model expects" in page
    connection.execute("UPDATE warehouse.spine.made SET touched = 4 WHERE version = 2")
    assert "increment: A few of its records" in render(gather(connection, smallest=11))


def test_pictures_show_where_values_lie_and_keep_few_to_themselves() -> None:
    scale = report_charts.percents([0.92, 0.995], "share")
    assert (scale.low, scale.high, scale.at(0.96)) == (0.92, 1.0, 50.0)
    assert [text for _, text in scale.ticks] == ["92%", "94%", "96%", "98%", "100%"]
    drawn = scale.marks([(0.96, (0.94, 0.98)), (None, None)])
    assert 'x1="25.0%" x2="75.0%"' in drawn
    assert "second" not in drawn, "a value that is not known has no mark"
    weights = report_charts.bits([-14.5, 5.5], "bits")
    assert (weights.low, weights.high) == (-16, 8)
    assert weights.bar(0, -16, "against") == weights.bar(-16, 0, "against")
    few = [{"fields": "name", "pairs": 7, "records": 5}, {"fields": "date", "pairs": 700, "records": 50}]
    rows = report_rows.block_chart(few, 11).rows
    assert [row.cells for row in rows] == [("700", "50"), ("·", "·")]
    thin = {"complete": {"a": {"ssn": 0.97, "sex": 1.0, "suffix": 0.5}}, "by_source": {"a": {"records": 100}}}
    _, complete = report_rows.complete_rows(thin, 11)
    assert [row.cells for row in complete] == [("nearly all",), ("all",), ("50%",)]


def test_a_source_is_told_by_what_it_is_called_and_by_its_id() -> None:
    row = {"column": "source", "group": "k12", "precision": 0.9, "recall": 0.8, "link_rate": None}
    row |= {"intervals": {}, "share_of_records": 0.004}
    (shown,) = report_rows.group_chart([row], {"k12": "School records"}).rows
    assert shown.name == "School records (k12)"
    assert shown.cells == ("90.0%", "80.0%", "–", "under 1%")
    (shown,) = report_rows.group_chart([row | {"column": "county"}], {"k12": "School records"}).rows
    assert shown.name == "K12"


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (0.1, "even odds"),
        (3.0, "about 8 to 1"),
        (-10.0, "about 1,000 to 1 against"),
        (24, "more than a million"),
    ],
)
def test_bits_are_told_as_odds(weight: float, words: str) -> None:
    assert report_rows.odds(weight).startswith(words)


def test_splinks_charts_are_drawn_once_for_a_model(tmp_path: Path) -> None:
    version = Version(1, "m", 1000, 900, "hash")
    facts = {
        "blocking": {"rules": [{"fields": "name", "pairs": 7, "records": 5}]},
        "unlinkable": {"curve": [[0, 0.001], [10, 0.2]]},
    }
    fall = Waterfall(
        "Just joined", "A pattern.", 90, (Step("before", "", -8.0), Step("ssn", "same", 12.0)), 4.0
    )
    path = write_charts(tmp_path, version, MODEL, facts, [fall], 11)
    page = path.read_text(encoding="utf-8")
    assert page.count("<figure") == 5
    assert page.count("<svg") >= 5
    assert "mousewheel" not in page
    assert "<script" not in page
    path.write_text(page + "<!-- kept -->", encoding="utf-8")
    write_charts(tmp_path, replace(version, version=2), MODEL, facts, [fall], 11)
    assert path.read_text(encoding="utf-8").endswith("<!-- kept -->"), "the same numbers are not drawn again"


def result(group: str = "", low: float | None = 0.4) -> Result:
    high = None if low is None else 0.6
    return Result(
        "i", "2023Q1", date(2023, 3, 31), "race" if group else "", group, 1, 50, 100, 0.5, low, high,
        False, 0.6, None, "unknown", False, "1", 1,
    )  # fmt: skip


def test_a_figures_band_is_widened_by_its_own_groups_errors() -> None:
    link = {"precision": 0.99, "recall": 0.95, "intervals": {"precision": [0.98, 1.0], "recall": [0.9, 1.0]}}
    link["by_group"] = [{"column": "race", "group": "x", "precision": 0.9, "recall": 0.8, "intervals": {}}]
    assert link_band(result(), link) == pytest.approx((0.4 * 0.98, 0.6 / 0.9))
    assert link_band(result("x"), link) == pytest.approx((0.4 * 0.9, 0.6 / 0.8))
    assert link_band(result("y"), link) == link_band(result(), link)
    assert link_band(result(low=None), link) is None
    assert link_band(result(), {}) is None
    assert linked_band(result(), link | {"version": 1}) == pytest.approx(
        {"low_with_linkage": 0.4 * 0.98, "high_with_linkage": 0.6 / 0.9}
    )
    for other in ({"version": 2}, {"version": None}, {}):
        assert linked_band(result(), link | other) == {"low_with_linkage": None, "high_with_linkage": None}


def test_the_public_record_says_owner_purpose_errors_and_nothing_passed_through() -> None:
    agreements = load_agreements(EVERGREEN_DIRECTORY)
    version = LinkVersion(3, "2026-01-01T00:00:00", "m", {}, "mark-hash", 7, 6, {"mark": "mark-counts"})
    model = LinkModel(
        "a" * 64, "b" * 64, "m", "2026", 3, "approved", None, None, {"x": "mark-card"}, "mark-who"
    )
    quality = {
        "basis": "measured",
        "precision": 0.99,
        "recall": 0.98,
        "link_rate": 0.5,
        "warnings": ["By sex, they differ."],
        "by_group": [
            {"column": "sex", "group": "F", "precision": 0.9, "recall": 0.8, "records": "mark-records"}
        ],
    }
    found = transparency(agreements, version, model, quality, "performance_management")
    assert found["owner"] == ["Evergreen Data Hub"]
    assert found["contact"][0]["office"]
    assert found["purpose"] == "performance management"
    assert {d["source"] for d in found["data"]} == set(agreements.sources())
    assert all(d["ask"] for d in found["data"]), "whom to ask about a record"
    assert (found["tool"]["records"], found["tool"]["persons"]) == (None, None), "too few to tell"
    for part in ("decides", "method", "not_used", "kept", "oversight", "risks", "redress"):
        assert found[part], part
    assert found["tool"]["approved"] is True
    assert found["errors"]["warnings"] == quality["warnings"]
    assert found["errors"]["by_group"][0]["recall"] == 0.8
    assert "mark" not in json.dumps(found)
    none = transparency(agreements, None, None, {}, "research")
    assert none["tool"]["version"] is None
    assert none["errors"]["by_group"] == []


def test_no_template_of_the_report_shows_a_raw_count() -> None:
    """Counts of records and persons go through `safe`, or come from what was banded."""
    text = (Path(__file__).resolve().parents[2] / "linkage" / "report.html.j2").read_text(encoding="utf-8")
    raw = re.findall(r"\{\{ (?:v|c\.before)\.(?:records|persons)\|number", text)
    assert raw == []
