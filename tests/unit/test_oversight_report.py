"""The board's report: its limits first, refusals grouped, what ends soon, who can read names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, load_agreements
from data_sharing_agreements.ends import Scope
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry.stops import Stop
from tests.warehouse_support import make_place
from warehouse.opener import Store
from warehouse.oversight import pdf
from warehouse.oversight.expiring import expiring
from warehouse.oversight.index import write_index
from warehouse.oversight.period import Period
from warehouse.oversight.report import governance, governance_html

EVERGREEN = load_agreements(EVERGREEN_DIRECTORY)


@pytest.fixture
def hub(tmp_path):
    with make_place(tmp_path).hub as opened:
        yield opened


def this_month(hub) -> Period:
    return Period.parse(hub.deployment.today().isoformat()[:7])


def test_the_limits_come_first_then_who_can_read_names(hub) -> None:
    page = governance_html(governance(hub, this_month(hub)))
    headings = [part.split("</h2>")[0] for part in page.split("<h2>")[1:]]
    assert headings[:3] == [
        "What this system cannot prevent",
        "Who can read names today",
        "What was decided",
    ]
    for wanted in ("ends in the next 90 days", "Deliveries", "linked", "given out", "The log", "Incidents"):
        assert any(wanted in heading for heading in headings), wanted


def test_decisions_are_counted_and_refusals_grouped_by_reason_and_clause(hub) -> None:
    request = Request("ingest", sources=frozenset({"clinic"}), fields=frozenset({"clinic.visit.sex"}))
    assert hub.gate.ask(request).permitted
    hub.registry.stops.place(Stop("DSA-CLINIC", hub.deployment.today(), None, "x", "Evergreen Data Hub"))
    for _ in range(3):
        hub.gate.ask(request)
    told = governance(hub, this_month(hub))["decisions"]
    assert (told["permitted"], told["refused"]) == (1, 3)
    assert told["by_verb"] == [{"verb": "ingest", "permitted": 1, "refused": 3}]
    (refusal,) = told["refusals"]
    assert (refusal["code"], refusal["document"], refusal["clause"]) == (
        "agreement-stopped",
        "DSA-CLINIC",
        "stop",
    )
    assert refusal["times"] == 3
    assert sum(week["permitted"] + week["refused"] for week in told["by_week"]) == 4


def test_what_lies_outside_the_period_is_not_told(hub) -> None:
    hub.gate.ask(Request("keep"))
    assert governance(hub, Period.parse("2001-Q1"))["decisions"]["by_verb"] == []
    assert "Nothing was asked for" in governance_html(governance(hub, Period.parse("2001-Q1")))


def test_who_can_read_names_follows_the_keys(hub) -> None:
    before = governance(hub, this_month(hub))["names"]
    assert before["keys"] == []
    assert before["roots"] == ["hub", "marts"]
    hub.keys.ensure_store_key("vault", Store.vault().readers)
    hub.keys.ensure_store_key("warehouse", Store.warehouse().readers)
    keys = {k["role"]: k for k in governance(hub, this_month(hub))["names"]["keys"]}
    assert {role: k["stores"] for role, k in keys.items()} == {"linker": ["vault"], "splitter": ["vault"]}
    assert "in a file on this machine" in keys["linker"]["lies"]
    (hub.deployment.keys_dir / "roles" / "linker.key").unlink()
    keys = {k["role"]: k for k in governance(hub, this_month(hub))["names"]["keys"]}
    assert "outside this machine" in keys["linker"]["lies"]


def test_people_with_such_roles_are_named_until_their_account_is_closed(hub) -> None:
    hub.registry.accounts.create("desk", "a password", "custodian", person="pat")
    hub.registry.accounts.create("reader", "a password", "researcher", person="sam")
    assert [a["person"] for a in governance(hub, this_month(hub))["names"]["accounts"]] == ["pat"]
    hub.registry.accounts.disable("desk")
    assert governance(hub, this_month(hub))["names"]["accounts"] == []


def test_what_ends_within_ninety_days() -> None:
    last = EVERGREEN.emou.term.expiry
    assert expiring(EVERGREEN, last - timedelta(days=91), 90) == []
    found = expiring(EVERGREEN, last - timedelta(days=90), 90)
    assert (last.isoformat(), EVERGREEN.emou.id, "term.expiry") in {
        (one["on"], one["document"], one["clause"]) for one in found
    }
    assert {one["document"] for one in expiring(EVERGREEN, last)} >= {d.id for d in EVERGREEN.dsas}
    assert [one["on"] for one in found] == sorted(one["on"] for one in found)
    trainings = [
        one for one in expiring(EVERGREEN, date(2035, 12, 1)) if one["clause"].endswith("valid_until")
    ]
    assert trainings, "trainings end too"


def test_the_page_of_all_pages_links_each_by_its_title(hub) -> None:
    reports = hub.deployment.reports
    for name, title in (
        ("scorecard.html", "Score &amp; card"),
        ("quality/clinic.html", "Quality"),
        ("odd/x.html", "Odd"),
    ):
        hub.reports(*name.split("/")).write_text(f"<title>{title}</title>", encoding="utf-8")
    page = write_index(hub).read_text(encoding="utf-8")
    for name in ("scorecard.html", "quality/clinic.html", "odd/x.html"):
        assert f'href="{name}"' in page
        assert (reports / name).is_file()
    assert "Score &amp; card</a>" in page
    assert 'href="index.html"' not in page
    assert "Separation of duties was not met" in page


def test_without_a_browser_the_page_is_there_and_the_fault_says_what_to_install(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageFault) as caught:
        pdf.print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")
    assert "Install chromium" in caught.value.details[0].next


def test_who_signed_what_is_told_by_the_day_of_the_signature(hub) -> None:
    hub.gate.ask(Request("ingest", sources=frozenset({"clinic"}), fields=frozenset({"clinic.visit.sex"})))
    content = governance(hub, Period.parse("2021-12"))
    told = [(s["document"], s["act"], s["party"]) for s in content["signed"]]
    assert ("DSA-CLINIC", "approve", "Employment Security Department") in told
    assert ("DSA-CLINIC", "counsel", "Employment Security Department") in told
    assert told.index(("DSA-CLINIC", "submit", "Evergreen Data Hub")) == told.index(told[0])
    assert "Commissioner, Employment Security Department" in governance_html(content)
    assert governance(hub, this_month(hub))["signed"] == []


def test_what_was_given_out_and_destroyed_since_is_still_told(hub) -> None:
    hub.registry.marts.publish("study", "one", "1", "p", 40, 1, [], {"title": "One"})
    begun = {"document": "DUL-STUDY", "document_version": 1, "clause": "destruction"}
    made = hub.registry.ends.plan(Scope.PROJECT, "study", **begun)
    hub.registry.ends.retract_marts(made.id, [("study", "1")])
    content = governance(hub, this_month(hub))
    assert [(o["project"], o["destroyed"]) for o in content["outputs"]["published"]] == [("study", True)]
    assert "destroyed since" in governance_html(content)


def test_refusals_by_agreements_and_by_the_gateway_are_one_account(hub) -> None:
    hub.gate.ask(Request("ingest", sources=frozenset({"nowhere"})))
    for kind, faults in (
        ("query", ["query-refused"]),
        ("query", ["query-refused", "x"]),
        ("table", ["odd-one"]),
    ):
        body = {"project": "study", "actor": "sam", "faults": faults}
        hub.log.append(f"{kind}-refused", body, [])
    content = governance(hub, this_month(hub))
    assert content["decisions"]["refused"] == 1
    told = content["gateway"]
    assert [(r["what"], r["code"], r["times"]) for r in told["reasons"]] == [
        ("query", "query-refused", 2),
        ("table", "odd-one", 1),
    ]
    assert told["refused"] == sum(r["times"] for r in told["reasons"]) == 3
    page = governance_html(content)
    assert "<strong>1</strong> uses refused by agreements" in page
    assert "<strong>3</strong> questions stopped by the gateway" in page
    assert "stopped by the gateway: 3; refused by agreements: 0." in page
    assert "not one SELECT over the project" in page
    assert "odd one" in page


def test_this_quarter_and_how_far_a_report_goes() -> None:
    quarter = Period.parse("this-quarter", date(2026, 11, 22))
    assert quarter == Period.parse("2026-Q4")
    assert "up to 22 November 2026" in quarter.words_on(date(2026, 11, 22))
    assert quarter.words_on(date(2026, 12, 31)) == quarter.words
    assert "not begun" in quarter.words_on(date(2026, 9, 30))
    with pytest.raises(UsageFault):
        Period.parse("this-quarter")


def test_the_page_of_a_period_that_is_not_over_says_so(hub) -> None:
    today = hub.deployment.today()
    until = Period("now", today, today + timedelta(days=1))
    assert "not over yet: up to" in governance_html(governance(hub, until))
