"""Say whether a run did exactly what `commonweal impact` had foretold.

Belongs here: setting the forecast's names beside the run's steps. Does not: foretelling, or running.

    python compare.py FORETOLD.json RUN.json

Both files are what the commands print with --json. The answer is 0 if every set is the same.
"""

import json
import sys
from pathlib import Path

STEPS = {"linked source": "link", "mart": "mart", "indicator": "indicators"}
"""Kinds of the forecast, and the step of a run in which each is refused or made anew."""


def foretold(forecast: dict, kind: str, effect: str) -> set[str]:
    """Return the names of a kind that the forecast says would be refused, or made anew."""
    items = [*forecast["stops"], *forecast["changes"]]
    return {item["name"] for item in items if (item["kind"], item["effect"]) == (kind, effect)}


def happened(run: dict, step: str, status: str) -> set[str]:
    """Return the names of a step that the run refused, or did."""
    return {s["source"] for s in run["steps"] if (s["step"], s["status"]) == (step, status) and s["source"]}


def compare(forecast: dict, run: dict) -> list[tuple[str, set[str], set[str]]]:
    """Return what is compared: words, what was foretold, what happened.

    A run refuses the marts of a project together, so refused marts are compared by project.
    """
    rows = []
    for kind, step in STEPS.items():
        names = foretold(forecast, kind, "refused")
        if kind == "mart":
            names = {name.partition("/")[0] for name in names}
        rows.append((f"{kind}s refused", names, happened(run, step, "refused")))
    links = foretold(forecast, "linked source", "refused")
    rows.append(("sources whose facts are gone", links, happened(run, "core", "refused")))
    rows.append(("marts made anew", foretold(forecast, "mart", "made anew"), happened(run, "mart", "done")))
    spine = {s["step"] for s in run["steps"] if s["step"] == "link" and s["status"] == "done"}
    anew = {"link" for _ in foretold(forecast, "link version", "made anew")}
    return [*rows, ("the people linked anew", anew, spine)]


def main(forecast: str, run: str) -> int:
    """Print the comparison; return 0 if nothing differs, else 1."""
    read = [json.loads(Path(path).read_text(encoding="utf-8")) for path in (forecast, run)]
    rows = compare(read[0], read[1])
    for words, before, after in rows:
        print(f"{words}: {', '.join(sorted(after)) or 'none'}")
        for name in sorted(before ^ after):
            print(f"  NOT AS FORETOLD: {name}")
    same = all(before == after for _, before, after in rows)
    print("The run did exactly what was foretold." if same else "The run did something else.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
