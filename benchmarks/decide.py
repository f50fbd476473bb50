"""decide() with 500 documents in force: the median, and what a forecast of ending any of Evergreen's takes.

Belongs here: the measurements. Does not: whether the decisions are right; a property test
compares 10,000 of them with a plain reading of the clauses.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from data_sharing_agreements.decisions import Request, decide
from data_sharing_agreements.documents import EVERGREEN_DIRECTORY, Agreements, load_agreements
from data_sharing_agreements.lifecycle import Rosters, judge
from data_sharing_agreements.lifecycle.demonstration import acts_for, roster_for
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.impact import ending, forecast

DOCUMENTS = 500
REQUESTS = 10_000
ON = date(2026, 6, 1)
FORMS = ("rows", "aggregates", None)
ACCOUNTS = ("researcher", "analyst", "stranger")
PURPOSES = ("performance_management", "program_evaluation", "research", None)


def many() -> Agreements:
    """Evergreen's documents and copies of them under other names, all of them signed."""
    real = load_agreements(EVERGREEN_DIRECTORY)
    dsa, dul = real.by_source["esd_wages"], real.by_project["tanf-leavers"]
    half = DOCUMENTS // 2
    dsas = [
        dsa.model_copy(update={"id": f"DSA-X-{i}", "source": f"source_{i}"})
        for i in range(half - len(real.dsas))
    ]
    duls = [
        dul.model_copy(update={"id": f"DUL-X-{i}", "project": f"project-{i}"})
        for i in range(half - len(real.duls))
    ]
    documents = Agreements(real.emou, (*real.dsas, *dsas), (*real.duls, *duls), real.bases)
    rosters = Rosters((roster_for(documents.versions),))
    standing = judge(documents.versions, rosters.current, acts_for(documents.versions))
    return replace(documents, rosters=rosters, standing=standing)


def asked(chance: Random, agreements: Agreements) -> Request:
    """A request of any kind, by anybody, for one project or a few sources."""
    verb = chance.choice(("ingest", "link", "build", "show", "query", "release", "export", "report"))
    sources = frozenset(chance.sample(agreements.sources(), chance.randint(1, 6)))
    project = chance.choice(agreements.projects())
    of_project = verb in ("build", "show", "query", "release", "export")
    fields = agreements.by_project[project].licensed if verb == "build" else frozenset[str]()
    if verb == "ingest":
        sources = frozenset(chance.sample(sorted(sources), 1))
        fields = agreements.licensed_fields(next(iter(sources)))
    return Request(
        verb,
        purpose=chance.choice(PURPOSES),
        sources=frozenset() if of_project else sources,
        fields=fields,
        project=project if of_project else None,
        actor=chance.choice(ACCOUNTS),
        form=chance.choice(FORMS),
        made=date(2026, 1, 1),
    )


def decisions() -> dict[str, object]:
    """Decide on random requests one after another."""
    agreements, chance = many(), Random(7)
    requests = [asked(chance, agreements) for _ in range(REQUESTS)]
    seconds, answers = [], Counter[bool]()
    for request in requests:
        start = time.perf_counter()
        decision = decide(request, agreements, ON)
        seconds.append(time.perf_counter() - start)
        answers[decision.permitted] += 1
    seconds.sort()
    return {
        "documents": len(agreements.documents()),
        "requests": f"{answers[True]} permitted, {answers[False]} refused",
        "median_ms": round(statistics.median(seconds) * 1000, 3),
        "p99_ms": round(seconds[REQUESTS * 99 // 100] * 1000, 3),
    }


def forecasts() -> dict[str, object]:
    """Foretell the end of each of Evergreen's documents; the slowest, in seconds."""
    config = Path(__file__).resolve().parents[1] / "commonweal.toml"
    with tempfile.TemporaryDirectory() as place:
        deployment = Deployment.load(config, Path(place) / "home")
        Hub.init(deployment)
        with Hub.open(deployment) as hub:
            seconds = []
            for document in hub.agreements.documents():
                start = time.perf_counter()
                forecast(hub, hub.agreements, ending(hub.agreements, document.id, ON), ON)
                seconds.append(time.perf_counter() - start)
    return {"slowest_impact_s": round(max(seconds), 2)}


if __name__ == "__main__":
    print(json.dumps(decisions() | forecasts()))
