"""How far models move, what their cards say, and which may be used."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from assets.admission import Admission
from assets.link import wish_of
from data_sharing_agreements.errors import Held, Refused, UsageFault
from data_sharing_agreements.modelling import check_may_approve
from data_sharing_agreements.registry import Account
from linkage import approved
from linkage.cards import card, model_of
from linkage.drift import drift
from linkage.increment.due import REASONS
from linkage.model import Comparison, Level, Model, read_model
from tests.warehouse_support import make_place

ROOT = Path(__file__).resolve().parents[2]


def model(same: float = 0.9, u: float = 0.1, kin: float = 0.5, *, name: str = "name", size: int = 0) -> Model:
    """A model of one comparison."""
    levels = (
        Level("not known", "x", null=True),
        Level("same", "y", m=same, u=u, kin=kin, u_per_record=0.02 if size else 0.0),
        Level("different", m=1 - same, u=1 - u, kin=1 - kin),
    )
    return Model("test", (Comparison(name, levels),))


def test_a_model_is_nowhere_from_itself() -> None:
    found = drift(read_model(), read_model(), (100, 100))
    assert found.bits == 0.0
    assert found.changed == ()
    assert found.by_comparison.keys() == {c.name for c in read_model().comparisons}


def test_drift_is_the_mean_change_of_a_true_pairs_weight() -> None:
    """u halved: one bit more for the level `same`, which nine in ten true pairs fall into."""
    before, after = model(u=0.1), model(u=0.05)
    expected = 0.9 * 1.0 + 0.1 * abs(math.log2(0.90 / 0.95))
    assert drift(before, after).bits == pytest.approx(expected)
    assert drift(before, after).comparison == "name"


def test_kin_that_look_more_alike_are_drift_too() -> None:
    assert drift(model(kin=0.5), model(kin=0.9)).bits > 0.7


def test_a_larger_file_is_no_drift() -> None:
    assert drift(model(u=1e-6, size=1), model(u=1e-7, size=1)).bits < 0.01
    assert drift(model(u=1e-6), model(u=1e-7)).bits > 2.9


def test_what_cannot_be_compared_is_named() -> None:
    found = drift(model(), model(name="other"))
    assert found.changed == ("name", "other")
    assert found.bits == 0.0


def test_matches_are_told_by_record() -> None:
    before, after = replace(model(), prior=1e-3), replace(model(), prior=1e-4)
    assert drift(before, after, (1001, 10001)).matches_per_record == pytest.approx((0.5, 0.5))


def test_a_card_gives_its_model_back() -> None:
    trained = read_model()
    made = card(trained, "settings", {"on": "2026-01-01", "sources": []}, drift(trained, trained), "before")
    assert model_of(json.loads(json.dumps(made))) == trained
    assert made["drift"]["reference"] == "before"
    assert {row["comparison"] for row in made["levels"]} >= {"given name", "social security number"}


def test_the_shipped_model_is_approved_here_and_in_the_reference_deployments() -> None:
    """After a change of the default model: `python -m linkage.approved` with both files."""
    digest = read_model().digest()
    assert digest in approved.shipped()
    for place in (ROOT, ROOT / "examples" / "anytown"):
        assert digest in (place / "commonweal.toml").read_text(encoding="utf-8")


@pytest.fixture
def hub(tmp_path: Path):
    """A small deployment, which lists no models and allows none that nobody approved."""
    with make_place(tmp_path).hub as opened:
        yield opened


def judged(hub, trained: Model, records: int = 500, **settings: object):
    object.__setattr__(hub, "deployment", replace(hub.deployment, **settings))
    return Admission(hub, ("school",))(trained, {"school": records})


SHIPPED = {"approved_models": (read_model().digest(),)}


def moved(times: float) -> Model:
    """The default model with u of one comparison that many times as large."""
    first, *others = read_model().comparisons
    levels = tuple(x if x.null or not x.when else replace(x, u=x.u * times) for x in first.levels)
    return replace(read_model(), comparisons=(replace(first, levels=levels), *others))


def test_a_model_near_the_reference_is_admitted_and_one_far_from_it_waits(hub) -> None:
    assert judged(hub, moved(1.0), **SHIPPED)["state"] == "admitted"
    near = judged(hub, moved(1.5), **SHIPPED)
    assert (near["state"], near["drift"]["comparison"]) == ("admitted", "given_name")
    with pytest.raises(Held) as held:
        judged(hub, moved(8.0), **SHIPPED)
    assert "moved by 2" in str(held.value.details[0].why)
    waiting = hub.registry.link_models.all()[-1]
    assert (waiting.state, waiting.usable) == ("waiting", False)

    hub.registry.link_models.decide(waiting.digest, "approved", "board")
    assert judged(hub, moved(8.0), **SHIPPED)["state"] == "approved"
    with pytest.raises(Held):
        judged(hub, moved(1.2), **SHIPPED)
    entries = [entry["summary"] for entry in hub.log.show(None, kind="model")]
    assert [entry["act"] for entry in entries].count("trained") == 4
    assert {"approved"} == {entry["act"] for entry in entries} - {"trained"}


def test_it_cannot_wander_off_in_small_steps(hub) -> None:
    for times in (1.0, 1.7, 2.0):
        judged(hub, moved(times), **SHIPPED)
    with pytest.raises(Held):
        judged(hub, moved(3.0), **SHIPPED)


def test_a_model_of_few_records_is_not_judged_and_judges_none(hub) -> None:
    few = judged(hub, moved(1.0), records=499, **SHIPPED)
    assert (few["state"], few["drift"]) == ("admitted", None)
    assert hub.registry.link_models.all()[-1].card["verdict"] == "not judged: fewer than 500 records"
    assert judged(hub, moved(8.0), **SHIPPED)["drift"] is None, "the first that is"
    assert judged(hub, moved(7.0), records=499, **SHIPPED)["state"] == "admitted"
    with pytest.raises(Held):
        judged(hub, moved(1.1), **SHIPPED)


def test_settings_nobody_approved_are_held_or_used_and_said(hub) -> None:
    with pytest.raises(Held) as held:
        judged(hub, moved(1.0), approved_models=("0" * 64,))
    assert "has approved its settings" in str(held.value.details[0].why)
    used = judged(hub, moved(1.0), approved_models=("0" * 64,), use_unapproved_models=True)
    assert used["state"] == "waiting"
    assert used["words"].startswith("Nobody has approved this model.")


def test_an_approval_that_was_taken_back_no_longer_counts(hub) -> None:
    judged(hub, moved(1.0), **SHIPPED)
    known = hub.registry.link_models.all()[0]
    hub.registry.link_models.decide(known.digest[:10], "withdrawn", "board")
    with pytest.raises(Held):
        judged(hub, moved(1.0), **SHIPPED)
    hub.registry.link_versions.add(1, "m", {}, "", 1, 1, {"model": known.digest, "model_state": "admitted"})
    for asked, reason in ((False, "unapproved"), (True, "asked")):
        wish = wish_of(SimpleNamespace(hub=hub, full_link=asked), Admission(hub, ("school",)))
        assert (wish.full, wish.why) == (True, reason), "no increment follows it"
        assert reason in REASONS


def test_a_model_is_found_by_its_first_letters(hub) -> None:
    judged(hub, moved(1.0), **SHIPPED)
    digest = hub.registry.link_models.all()[0].digest
    assert hub.registry.link_models.find(digest[:8]).digest == digest
    for wrong in (digest[:7], "", "f" * 64):
        with pytest.raises(UsageFault):
            hub.registry.link_models.find(wrong)


def account(name: str, *roles: str, person: str = "") -> Account:
    return Account(name, roles[0], "", False, tuple(sorted(roles)), person or name, None)


def test_the_board_approves_and_nobody_who_runs_linkage(hub) -> None:
    emou = hub.agreements.emou
    board = account("board", "board", person="ana")
    check_may_approve(emou, board, [board, account("hub", "custodian", person="ben")])
    for asking, others in (
        (account("analyst", "analyst"), []),
        (account("both", "board", "custodian"), []),
        (board, [account("hub", "custodian", person="ana")]),
    ):
        with pytest.raises(Refused, match="may not approve"):
            check_may_approve(emou, asking, [asking, *others])
