"""decide() against an independent plain reading of the clauses.

The reading below knows no model, rule or index: it walks through raw documents as a
person would, clause by clause, and says yes only if nobody objects.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from data_sharing_agreements.bases import Basis
from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.models import Dsa, Dul, Emou
from data_sharing_agreements.registry.stops import Stop
from tests.agreements_support import acted, approved, judged

SOURCES = ("alpha", "beta", "gamma")
PURPOSES = ("program_evaluation", "performance_management", "research")
FORMS = ("none", "aggregates", "rows")
ACCOUNTS = ("ann", "bob")
DAY = date(2026, 6, 1)

days = st.integers(-3, 3).map(lambda n: DAY + timedelta(days=n))
purposes = st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=3, unique=True)
maybe_purposes = st.lists(st.sampled_from(PURPOSES), max_size=3, unique=True)
cells = st.fixed_dictionaries(
    {
        "minimum": st.integers(1, 20),
        "zero_is_small": st.booleans(),
        "rounding": st.sampled_from([1, 3, 5, 10]),
        "dominance": st.none()
        | st.fixed_dictionaries(
            {
                "shares": st.lists(
                    st.fixed_dictionaries(
                        {"n": st.integers(1, 2), "share": st.sampled_from([0.4, 0.5, 0.9])}
                    ),
                    max_size=2,
                ),
                "p_percent": st.none() | st.sampled_from([0.1, 0.2]),
            }
        ),
    }
)
review = st.fixed_dictionaries(
    {"who": st.lists(st.sampled_from(["board", "agency"]), min_size=1, max_size=2), "days": st.integers(0, 9)}
)


@st.composite
def mostly(draw, good, otherwise):
    """Documents with one flaw or none: with many, everything would be refused."""
    return draw(otherwise) if draw(st.integers(0, 24)) == 7 else good


FREE = {"form": "rows", "outputs": "rows", "public": True}


@st.composite
def some_release(draw):
    form = draw(st.sampled_from(FORMS))
    outputs = draw(st.sampled_from(FORMS[: FORMS.index(form) + 1]))
    return {"form": form, "outputs": outputs, "public": outputs != "none" and draw(st.booleans())}


def releases():
    return mostly(FREE, some_release())


def terms():
    """In force for long, or with a first or last day near the day of the question."""
    near = st.tuples(days, days).map(sorted).map(lambda two: {"start": two[0], "expiry": two[1]})
    return mostly({"start": DAY - timedelta(days=30), "expiry": DAY + timedelta(days=30)}, near)


def suspensions():
    one = st.tuples(days, st.none() | st.integers(0, 2)).map(
        lambda two: {
            "start": two[0],
            "until": None if two[1] is None else two[0] + timedelta(days=two[1]),
            "reason": "r",
            "by": "b",
        }
    )
    return mostly([], st.lists(one, min_size=1, max_size=2))


def standings():
    """Mostly in force, else in one of the ways a document is not."""
    return st.fixed_dictionaries(
        {
            "status": mostly("active", st.sampled_from(["draft", "suspended", "terminated"])),
            "term": terms(),
            "suspensions": suspensions(),
        }
    )


def frame(identity, tier):
    return {
        "id": identity,
        "tier": tier,
        "version": 1,
        "title": "t",
        "summary": "s",
        "parties": [{"name": "one", "role": "hub"}, {"name": "two", "role": "data_owner"}],
        "signatories": [
            {"office": "o", "party": "one", "role": "signatory"},
            {"office": "p", "party": "two", "role": "signatory"},
        ],
    }


ANSWER = {"answer": "a", "decided_by": "b", "decided": date(2022, 1, 1)}
FOUR = dict.fromkeys(("legal", "ethical", "good_idea", "who_decides"), ANSWER)

USES = ("contact", "sale", "eligibility")
FAR = DAY + timedelta(days=400)


def bans():
    """At least one banned use, of the three there are here."""
    uses = st.lists(st.sampled_from(USES), min_size=1, max_size=2, unique=True)
    return uses.map(lambda names: {"uses": names})


def destructions():
    """Far off, or about now."""
    return mostly(FAR, days).map(lambda day: {"by": day, "method": "m"})


def periods():
    """Months of service: long, or beginning or ending about now."""
    long = {"start": date(2015, 1, 1)}
    near = st.fixed_dictionaries(
        {"start": days}, optional={"until": st.integers(3, 5).map(lambda n: DAY + timedelta(days=n))}
    )
    return mostly(long, near)


def redisclosures():
    to = mostly("under_license", st.sampled_from(["nobody", "source_only"]))
    return to.map(lambda word: {"to": word, "words": "w"})


BANS = {"uses": ["contact"]}
DEMAND = {"notify": ["x"], "hours": 1}
RIGHT = {"days": 1, "how": "x"}
WORDS = {
    "compelled_disclosure": {
        **dict.fromkeys(("subpoena", "public_records", "federal"), DEMAND),
        "without_counsel": "nothing",
        "words": "x",
    },
    "subject_rights": {
        **dict.fromkeys(("inspect", "correct", "contest_link", "opt_out"), RIGHT),
        "through": "x",
        "hub_days": 1,
    },
    "public_notice": {"where": "x", "since": date(2022, 1, 1), "purposes": ["research"], "words": "x"},
    "records_schedule": {"years_after_end": 1, "words": "x"},
    "tribal_authority": {
        "approves": ["use"],
        "may_withdraw": True,
        "withdrawal_days": 1,
        "words": "x",
    },
    "approvals": {
        **dict.fromkeys(("each_contributing_agency", "board", "two_people"), True),
        "counsel_for_unchecked_bases": True,
        "presumption_of_sharing": False,
        "words": "x",
    },
    "separation": {"forbidden_pairs": [["reviewer", "researcher"]]},
}


@st.composite
def emous(draw):
    return {
        **frame("EMOU-X", "emou"),
        **draw(standings()),
        "default": "deny",
        "purposes": draw(mostly(list(PURPOSES), purposes)),
        "cells": draw(cells),
        "review": draw(review),
        "reidentification": "no",
        "prohibited_uses": draw(bans()),
        "breach": {"hours": 1, "notify": ["x"]},
        "audit": {"by": ["x"], "on_site": True, "notice_days": 1},
        **WORDS,
        "four_questions": FOUR,
    }


@st.composite
def dsas(draw, source):
    others = [other for other in SOURCES if other != source]
    return {
        **frame(f"DSA-{source.upper()}", "dsa"),
        **draw(standings()),
        "parent": "EMOU-X",
        "source": source,
        "agency": "agency",
        "legal_basis": [
            {"code": code, "statement": "s"}
            for code in draw(
                st.lists(st.sampled_from(["law-a", "law-b"]), min_size=1, max_size=2, unique=True)
            )
        ],
        "purposes": draw(mostly(list(PURPOSES), purposes)),
        "tables": {"t": draw(mostly(["x", "y", "birth"], st.sampled_from([["x"], ["y", "birth"]])))},
        "derived": draw(mostly({"t": {"birth_month": "birth"}}, st.just({}))),
        "linkage": {
            "sources": draw(mostly(others, st.sampled_from([others[:1], []]))),
            "purposes": draw(mostly(list(PURPOSES), maybe_purposes)),
        },
        "release": draw(releases()),
        "cells": draw(cells),
        "review": draw(review),
        "attribution": f"from {source}",
        "destruction": draw(st.none() | destructions()),
        "period": draw(st.none() | periods()),
        "prohibited_uses": draw(st.none() | bans()),
        "public_notice": draw(st.none() | mostly(list(PURPOSES), purposes).map(notice)),
        "redisclosure": draw(mostly({"to": "under_license", "words": "w"}, st.none() | redisclosures())),
        "transfer": draw(st.none() | st.integers(1, 72).map(transfer)),
        "row_restrictions": draw(st.none() | kinds.map(restrictions)),
    }


kinds = st.lists(st.sampled_from(["consent", "opt_out", "sealed"]), max_size=2, unique=True)


def restrictions(names):
    return {"kinds": names, "unknown": "exclude", "words": "w"}


def transfer(hours):
    return {"method": "m", "timing": "t", "format": "f", "landing_hours": hours}


def notice(named):
    return {"where": "x", "since": date(2022, 1, 1), "purposes": named, "words": "x"}


@st.composite
def later(draw, first):
    """A second version of an agreement, signed by all, that replaces the first about now."""
    other = draw(dsas(first["source"]))
    start = draw(days)
    return {
        **other,
        "version": 2,
        "status": "active",
        "term": {"start": start, "expiry": FAR},
        "suspensions": first["suspensions"],
    }


@st.composite
def duls(draw):
    chosen = draw(st.lists(st.sampled_from(SOURCES), min_size=1, unique=True))
    return {
        **frame("DUL-X", "dul"),
        **draw(standings()),
        "parent": "EMOU-X",
        "agreements": draw(mostly([f"DSA-{s.upper()}" for s in SOURCES], st.just(["DSA-ALPHA"]))),
        "project": "study",
        "purpose": draw(st.sampled_from(PURPOSES)),
        "question": "q",
        "fields": {
            source: {"t": draw(mostly(["x", "birth_month"], st.sampled_from([["x", "y"], ["birth_month"]])))}
            for source in chosen
        },
        "recipients": [
            {
                "account": "ann",
                "person": "ann",
                "office": "o",
                "trained": draw(mostly(DAY - timedelta(days=9), days)),
                "valid_until": DAY + timedelta(days=3),
            }
        ],
        "release": draw(releases()),
        "cells": draw(cells),
        "review": draw(review),
        "destruction": draw(destructions()),
        "period": draw(st.none() | periods()),
        "periods": draw(st.just({}) | periods().map(lambda one: {chosen[0]: one})),
        "attribution": "project",
        "anonymity": draw(st.none() | st.fixed_dictionaries({"k": st.integers(1, 9)})),
        "redisclosure": draw(redisclosures()),
        "reidentification": "no",
        "prohibited_uses": draw(bans()),
        "four_questions": FOUR,
    }


@st.composite
def laws(draw, code):
    return {
        "code": code,
        "title": "t",
        "citation": "c",
        "gate": "g",
        "purposes": draw(mostly(list(PURPOSES), purposes)),
        "linkage_purposes": draw(mostly(list(PURPOSES), maybe_purposes)),
        "required_terms": {"tables": "x"},
        "lasting_spine": draw(mostly(True, st.just(False))),
        "limits": draw(
            st.fixed_dictionaries(
                {"outputs": mostly("rows", st.just("aggregates"))},
                optional={"minimum_cell": st.integers(5, 25), "zero_is_small": st.booleans()},
            )
        ),
        "checked_against_text": True,
    }


@st.composite
def worlds(draw):
    """All documents of a deployment; `later` is a second version of the first agreement, or None."""
    agreements = [draw(dsas(source)) for source in draw(mostly(SOURCES, st.just(SOURCES[:2])))]
    return {
        "emou": draw(emous()),
        "dsas": agreements,
        "later": draw(st.none() | later(agreements[0])),
        "dul": draw(mostly(None, duls()).flatmap(lambda d: duls() if d is None else st.none())),
        "bases": {code: draw(laws(code)) for code in ("law-a", "law-b")},
    }


COLUMNS = ["alpha.t.x", "beta.t.x", "gamma.t.x", "alpha.t.birth_month", "beta.t.birth_month"]
ODD_COLUMNS = [*COLUMNS, "alpha.t.y", "alpha.t.birth", "beta.t.zzz", "gamma.u.x", "delta.t.x"]


def ago(days_):
    return DAY - timedelta(days=days_)


ALL_VERBS = (
    *("ingest", "encode", "link", "evaluate", "review", "build", "show", "prepare", "query", "release"),
    *("export", "report", "restrict", "keep", "backup", "destroy"),
)


def questions(world, chance):
    """A request, mostly one that somebody in this world could mean, and a day."""

    def mostly_(good, otherwise):
        return otherwise() if chance.randrange(25) == 7 else good

    def some(names, most, least=0):
        return frozenset(chance.sample(names, chance.randint(least, min(most, len(names)))))

    def day():
        return DAY + timedelta(days=chance.randint(-3, 3))

    verb, dul = chance.choice(ALL_VERBS), world["dul"]
    delivered = frozenset({"alpha.t.x", "alpha.t.birth"})
    licensed = [f"{s}.t.{c}" for s, tables in dul["fields"].items() for c in tables["t"]] if dul else COLUMNS
    purpose = chance.choice(PURPOSES)
    one = {"sources": frozenset({"alpha"}), "fields": frozenset(), "purpose": None}
    linking = {"sources": some(SOURCES, 3, 1), "fields": frozenset(), "purpose": purpose}
    nobody = {**one, "sources": frozenset()}
    meant = {
        "ingest": {**one, "fields": delivered},
        "encode": {**one, "fields": delivered, "purpose": purpose},
        **dict.fromkeys(("link", "evaluate", "review"), linking),
        **dict.fromkeys(("report", "restrict", "destroy"), one),
        **dict.fromkeys(("keep", "backup"), nobody),
    }.get(verb, {"sources": frozenset(), "fields": frozenset(licensed), "purpose": None})
    asked = {
        "verb": mostly_(verb, lambda: "sell"),
        "purpose": mostly_(meant["purpose"], lambda: chance.choice([*PURPOSES, "fun", None])),
        "sources": mostly_(meant["sources"], lambda: some([*SOURCES, "delta"], 4)),
        "fields": mostly_(
            meant["fields"], lambda: some(COLUMNS, 3, 1) if chance.random() < 0.5 else some(ODD_COLUMNS, 3)
        ),
        "project": mostly_("study", lambda: chance.choice(["other", None])),
        "actor": mostly_("ann", lambda: chance.choice(["bob", None])),
        "form": chance.choice(["aggregates", "aggregates", *FORMS, "everything", None]),
        "period": mostly_(None, lambda: tuple(sorted((day(), day())))),
        "made": mostly_(ago(40), lambda: chance.choice([None, *map(ago, range(17))])),
        "use": mostly_(None, lambda: chance.choice(USES)),
    }
    return asked, mostly_(DAY, day)


# The plain reading.


def stands(document, on):
    if document["status"] != "active":
        return False
    if on < document["term"]["start"] or on > document["term"]["expiry"]:
        return False
    for stop in document["suspensions"]:
        if stop["start"] <= on and (stop["until"] is None or on <= stop["until"]):
            return False
    return True


def speaking(world, on):
    """Of two versions of an agreement, the later from its first day on, or where the first is a draft."""
    one, *others = world["dsas"]
    two = world["later"]
    later_speaks = two is not None and (on >= two["term"]["start"] or one["status"] == "draft")
    return [two if later_speaks else one, *others]


def permits_field(dsa, field, derived_too):
    source, table, column = field.split(".")
    if source != dsa["source"]:
        return False
    if column in dsa["tables"].get(table, []):
        return True
    return derived_too and column in dsa["derived"].get(table, {})


PROJECT = ("build", "show", "prepare", "query", "release", "export")
LINKING = ("encode", "link", "evaluate", "review")
TO_KEEP = ("keep", "backup")


def sources_meant(dul, asked):
    named = set(asked["sources"]) | {field.split(".")[0] for field in asked["fields"]}
    if asked["verb"] in (*PROJECT, "destroy") and not named and dul is not None:
        return set(dul["fields"])
    return named


def plain_reading(emou, some_dsas, dul, bases, asked, on):
    """Yes, if the act is known, its documents exist, and nobody objects."""
    verb = asked["verb"]
    if verb in TO_KEEP:
        return True
    if verb == "destroy":
        return bool(sources_meant(dul, asked)) or asked["project"] is not None
    if verb not in ("ingest", "report", "restrict", *LINKING, *PROJECT):
        return False
    if verb not in PROJECT:
        dul = None
    elif dul is None or asked["project"] != dul["project"]:
        return False
    sources = sources_meant(dul, asked)
    concerned = [d for d in some_dsas if d["source"] in sources]
    if not sources or len(concerned) < len(sources):
        return False
    if verb == "restrict":
        return True
    purpose = asked["purpose"]
    if purpose is None and dul is not None:
        purpose = dul["purpose"]
    law = [bases[use["code"]] for d in concerned for use in d["legal_basis"]]
    everyone = [emou, *concerned, *([dul] if dul else [])]
    return not (
        somebody_is_out_of_force(everyone, on)
        or something_should_be_gone(everyone, on)
        or use_is_banned(everyone, asked["use"])
        or days_are_outside(concerned, dul, asked["period"])
        or fields_go_too_far(concerned, dul, sources, asked)
        or purpose_is_wrong(emou, concerned, dul, law, purpose, verb)
        or linkage_is_barred(concerned, dul, law, sources, purpose, verb)
        or person_may_not(dul, asked, on)
        or form_goes_too_far(concerned, dul, law, asked)
        or it_leaves_too_soon(everyone, law, asked, on)
    )


def something_should_be_gone(everyone, on):
    return any(d.get("destruction") and on > d["destruction"]["by"] for d in everyone)


def use_is_banned(everyone, use):
    return any(use in d["prohibited_uses"]["uses"] for d in everyone if d["prohibited_uses"])


def days_are_outside(concerned, dul, asked):
    if asked is None:
        return False
    for d in concerned:
        limits = [(d["period"], d["term"])]
        if dul is not None:
            limits.append((dul["periods"].get(d["source"], dul["period"]), dul["term"]))
        for period, term in limits:
            if period is None:
                continue
            if asked[0] < period["start"] or asked[1] > (period.get("until") or term["expiry"]):
                return True
    return False


def it_leaves_too_soon(everyone, law, asked, on):
    """Count working days one by one from the day after it was made."""
    if asked["verb"] not in ("release", "export"):
        return False
    if asked["made"] is None:
        return True
    wanted = max([d["review"]["days"] for d in everyone])
    if wanted == 0:
        return on < asked["made"]
    day, counted = asked["made"], 0
    while counted < wanted:
        day = day + timedelta(days=1)
        if day.strftime("%A") not in ("Saturday", "Sunday"):
            counted = counted + 1
    return on <= day


def somebody_is_out_of_force(documents, on):
    return not all(stands(document, on) for document in documents)


def fields_go_too_far(concerned, dul, sources, asked):
    verb, fields = asked["verb"], asked["fields"]
    if verb in ("ingest", "encode", "build") and not fields:
        return True
    if dul is not None:
        if any(source not in dul["fields"] for source in sources):
            return True
        if any(d["id"] not in dul["agreements"] for d in concerned):
            return True
    for field in fields if verb in ("ingest", "encode", *PROJECT) else ():
        if not any(permits_field(d, field, derived_too=dul is not None) for d in concerned):
            return True
        source, table, column = field.split(".")
        if dul is not None and column not in dul["fields"].get(source, {}).get(table, []):
            return True
    return False


def purpose_is_wrong(emou, concerned, dul, law, purpose, verb):
    if purpose is None:
        return verb in LINKING
    if dul is not None and purpose != dul["purpose"]:
        return True
    notices = [d["public_notice"] for d in concerned if d["public_notice"]]
    return any(purpose not in document["purposes"] for document in (emou, *concerned, *law, *notices))


def linkage_is_barred(concerned, dul, law, sources, purpose, verb):
    if verb not in LINKING and (dul is None or len(concerned) < 2):
        return False
    for d in concerned:
        if purpose not in d["linkage"]["purposes"]:
            return True
        if any(s != d["source"] and s not in d["linkage"]["sources"] for s in sources):
            return True
    if dul is None and not all(basis["lasting_spine"] for basis in law):
        return True
    return any(purpose not in basis["linkage_purposes"] for basis in law)


def person_may_not(dul, asked, on):
    if asked["verb"] == "review":
        return asked["actor"] is None
    if asked["verb"] not in ("query", "release"):
        return False
    people = [r for r in dul["recipients"] if r["account"] == asked["actor"]]
    return not people or not people[0]["trained"] <= on <= people[0]["valid_until"]


def form_goes_too_far(concerned, dul, law, asked):
    verb, form = asked["verb"], asked["form"]
    if verb not in PROJECT:
        return False
    if form is None:
        return verb != "build"
    if form not in FORMS:
        return True
    releases_of_all = [d["release"] for d in (*concerned, dul)]
    if verb in ("build", "show", "query"):
        limits = [release["form"] for release in releases_of_all]
    else:
        limits = [release["outputs"] for release in releases_of_all]
        limits += [basis["limits"]["outputs"] for basis in law]
    if any(FORMS.index(form) > FORMS.index(limit) for limit in limits):
        return True
    if verb == "release" and form == "rows":
        onward = [d["redisclosure"] for d in (*concerned, dul)]
        if any(words is None or words["to"] != "under_license" for words in onward):
            return True
    return verb in ("prepare", "export") and (form == "rows" or not all(r["public"] for r in releases_of_all))


def plain_obligations(emou, some_dsas, dul, bases, asked):
    """The strictest value of each rule, by hand."""
    project = (
        dul is not None and asked["project"] == dul["project"] and asked["verb"] in (*PROJECT, "destroy")
    )
    sources = sources_meant(dul if project else None, asked)
    concerned = [d for d in some_dsas if d["source"] in sources]
    everyone = [emou, *concerned, *([dul] if project else [])]
    law = [bases[u["code"]]["limits"] for d in concerned for u in d["legal_basis"]]
    shares = [
        (r["n"], r["share"])
        for d in everyone
        if d["cells"]["dominance"]
        for r in d["cells"]["dominance"]["shares"]
    ]
    by = [d["destruction"]["by"] for d in everyone if d.get("destruction")]
    hours = [d["transfer"]["landing_hours"] for d in concerned if d["transfer"]]
    bounds = {}
    for source in SOURCES:
        found = [d["period"] for d in concerned if d["source"] == source and d["period"]]
        if project and source in dul["fields"]:
            own = dul["periods"].get(source, dul["period"])
            found += [own] if own else []
        until = [p["until"] for p in found if p.get("until")]
        bounds[source] = (max([p["start"] for p in found], default=None), min(until, default=None))
    return {
        "landing_hours": min(hours, default=None),
        "bounds": bounds,
        "restrictions": {
            (d["source"], kind)
            for d in concerned
            if d["row_restrictions"]
            for kind in d["row_restrictions"]["kinds"]
        },
        "min_cell": max([d["cells"]["minimum"] for d in everyone] + [x.get("minimum_cell", 1) for x in law]),
        "zero_is_small": any(d["cells"]["zero_is_small"] for d in everyone)
        or any(x.get("zero_is_small", False) for x in law),
        "rounding": max(d["cells"]["rounding"] for d in everyone),
        "shares": tuple(sorted((n, min(k for m, k in shares if m == n)) for n in {n for n, _ in shares})),
        "review_days": max(d["review"]["days"] for d in everyone),
        "reviewers": tuple(sorted({who for d in everyone for who in d["review"]["who"]})),
        "destroy_on": min(by) if by else None,
        "attribution": {d["attribution"] for d in everyone if "attribution" in d},
        "k_anonymity": dul["anonymity"]["k"] if project and dul["anonymity"] else 1,
    }


STANDING = ("status", "suspensions")
"""What a raw document says of its standing, which in truth is a matter of acts and stops."""


def as_model(model, raw):
    stated = {key: value for key, value in raw.items() if key not in STANDING}
    return model.model_validate_json(json.dumps(stated, default=str))


def with_standing(agreements, raws):
    """The documents signed, suspended, ended and stopped as the raw ones say."""
    done = approved(agreements)
    drafts = {(raw["id"], raw["version"]) for raw in raws if raw["status"] == "draft"}
    done = judged(done, [f for f in done.acts if (f.act.document, f.act.version) not in drafts])
    for raw in raws:
        act = {"suspended": "suspend", "terminated": "terminate"}.get(raw["status"])
        if act is not None and raw["version"] == 1:
            done = acted(done, raw["id"], act, ("one", "o"), raw["term"]["start"] - timedelta(days=1))
    stops = [
        Stop(raw["id"], one["start"], one["until"], one["reason"], one["by"])
        for raw in raws
        for one in raw["suspensions"]
    ]
    return done.with_stops(stops)


QUESTIONS = 67
"""Requests put to each set of documents, which cost far more to make."""


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_decide_agrees_with_a_plain_reading(data):
    world = data.draw(worlds())
    agreements = Agreements(
        emou=as_model(Emou, world["emou"]),
        dsas=tuple(as_model(Dsa, d) for d in world["dsas"]),
        duls=() if world["dul"] is None else (as_model(Dul, world["dul"]),),
        bases={code: as_model(Basis, law) for code, law in world["bases"].items()},
    )
    raws = [world["emou"], *world["dsas"], *([] if world["dul"] is None else [world["dul"]])]
    if world["later"] is not None:
        raws.append(world["later"])
        versions = (*agreements.versions, as_model(Dsa, world["later"]))
        agreements = replace(agreements, versions=versions)
    agreements = with_standing(agreements, raws)
    chance = Random(data.draw(st.integers(0, 2**32)))
    for _ in range(QUESTIONS):
        asked, on = questions(world, chance)
        documents = (world["emou"], speaking(world, on), world["dul"], world["bases"])
        decision = decide(Request(**asked), agreements, on)
        event(f"{asked['verb']}: {'permitted' if decision.permitted else 'refused'}")
        assert decision.permitted == plain_reading(*documents, asked, on)
        assert decision == decide(Request(**asked), agreements, on)
        if decision.permitted:
            check_permission(decision, plain_obligations(*documents, asked))
        else:
            check_refusal(decision)


def check_refusal(decision):
    assert decision.reasons
    assert not decision.obligations.items
    assert all(reason.document and reason.clause for reason in decision.reasons)


def check_permission(decision, expected):
    assert not decision.reasons
    assert decision.clauses
    found = decision.obligations
    assert {
        "landing_hours": found.landing_hours,
        "bounds": {source: found.period(source) for source in SOURCES},
        "restrictions": {(s, kind) for s in SOURCES for kind in found.restrictions(s)},
        "min_cell": found.min_cell,
        "zero_is_small": found.zero_is_small,
        "rounding": found.rounding,
        "shares": found.dominance.shares if found.dominance else (),
        "review_days": found.review_days,
        "reviewers": found.reviewers,
        "destroy_on": found.destroy_on,
        "attribution": set(found.attribution),
        "k_anonymity": found.k_anonymity,
    } == expected
