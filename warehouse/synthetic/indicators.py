"""The right answers: indicators computed from what truly happened.

Belongs here: numerators and denominators without any error of linkage or
delivery, overall and by group, with their definitions in words. Does not:
how a deployment measures them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from warehouse.synthetic.arrays import Bools, Ints
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.population import RACES
from warehouse.synthetic.programs.housing import RAPID_REHOUSING
from warehouse.synthetic.programs.school import attendance
from warehouse.synthetic.truth import counties
from warehouse.synthetic.world import World

RETURN_DAYS = 183
"""Days after an exit within which a new enrolment is a return."""

CHRONIC = 0.1
"""Share of enrolled days absent from which absence is chronic."""

DEFINITIONS: Mapping[str, str] = {
    "tanf_leavers_employed": (
        "Unit: an adult's exit from TANF: a month in which the person is reported as an adult (T2) and after"
        " which the next month has no such report, the next month being simulated. Denominator: exits whose"
        " calendar quarter q has a quarter q+2 all of whose months are simulated. Numerator: of these, exits"
        " whose person has UI wages above 0 in quarter q+2. Quarter: q, of the exit's last month of receipt."
    ),
    "foster_care_chronic_absence": (
        "Unit: a child and a calendar quarter. Denominator: children with at least one day in out-of-home"
        " care in the quarter (removal on or before its last day, no exit or an exit on or after its first"
        " day) and at least one school day enrolled in the quarter. Numerator: of these, children absent on"
        " at least 10 percent of the days enrolled in the quarter, all schools together."
    ),
    "returns_to_homelessness": (
        "Unit: an exit of a person from an HMIS project to a permanent destination (410 to 435). Denominator:"
        " exits on or after the first simulated day whose following 183 days are all simulated. Numerator:"
        " of these, exits followed by another enrolment of the person, in any project, with an entry 1 to 183"
        " days after the exit. Quarter: of the exit."
    ),
}


def write_indicators(world: World, path: Path) -> dict[str, Any]:
    """Compute every indicator and write them as JSON; return what was written."""
    result = {
        "schema": "commonweal/synthetic-indicators/1",
        "indicators": [
            {"id": name, "definition": DEFINITIONS[name], "results": _results(world, *units)}
            for name, units in (
                ("tanf_leavers_employed", leavers(world)),
                ("foster_care_chronic_absence", absences(world)),
                ("returns_to_homelessness", returns(world)),
            )
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _results(
    world: World, person: Ints, quarter: Ints, hit: Bools, more: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    """Count overall, by county, by race and ethnicity, by quarter, and by what else is given."""
    population = world.population
    county, places = counties(population)[person], population.places.county_names.to_pylist()
    periods = [q.period for q in population.calendar.quarters]
    groups = {
        "county": [places[k] for k in county],
        "race_ethnicity": [RACES[k] for k in population.race[person]],
        "quarter": [periods[k] for k in quarter],
        **more,
    }
    rows = [_row("all", "all", hit)]
    for breakdown, names in groups.items():
        labels = np.array(names, dtype=np.str_)
        rows += [_row(breakdown, str(name), hit[labels == name]) for name in np.unique(labels)]
    return rows


def _row(breakdown: str, group: str, hit: Bools) -> dict[str, Any]:
    share = round(float(hit.mean()), 6) if len(hit) else None
    return {
        "breakdown": breakdown,
        "group": group,
        "numerator": int(hit.sum()),
        "denominator": len(hit),
        "value": share,
    }


def _whole_quarters(calendar: Calendar) -> int:
    """Return the number of quarters up to the last whose months are all simulated."""
    return sum(
        1 for q in calendar.quarters if q.months[-1] < calendar.months and _ends(calendar, q.months[-1])
    )


def _ends(calendar: Calendar, month: int) -> bool:
    return int(calendar.calendar_month(month)) % 3 == 0


Units = tuple[Ints, Ints, Bools, Mapping[str, list[str]]]


def leavers(world: World) -> Units:
    """Return exits of adults from TANF, and whether they have wages two quarters later."""
    calendar, exits, jobs = world.population.calendar, world.assistance.exits, world.jobs
    quarter = calendar.quarter_of(exits.month)
    seen = quarter + 2 < _whole_quarters(calendar)
    person, quarter = exits.person[seen], quarter[seen]
    paid = np.isin(person * 64 + quarter + 2, jobs.person * 64 + jobs.quarter)
    engaged = ["took part" if e else "did not take part" for e in exits.engaged[seen]]
    return person, quarter, paid, {"work_activities": engaged}


def absences(world: World) -> Units:
    """Return children in care enrolled in a quarter, and whether they were chronically absent."""
    calendar, size = world.population.calendar, len(world.population)
    found: list[tuple[Ints, Ints, Bools]] = []
    for index, quarter in enumerate(calendar.quarters):
        enrolled, absent = np.zeros(size), np.zeros(size)
        for month in quarter.months:
            drawn = attendance(world.draws, world.school, world.care, month)
            np.add.at(enrolled, world.school.person[drawn.enrolment], drawn.enrolled)
            np.add.at(absent, world.school.person[drawn.enrolment], drawn.absent)
        last = calendar.day(quarter.months[-1] + 1) - 1
        child = world.care.any_day(calendar.day(quarter.months[0]), last)
        child = child[enrolled[child] > 0]
        chronic = absent[child] >= CHRONIC * enrolled[child] - 1e-9
        found.append((child, np.full(len(child), index, dtype=np.int64), chronic))
    person, at, hit = (np.concatenate(column) for column in zip(*found, strict=True))
    return person, at, hit, {}


def returns(world: World) -> Units:
    """Return exits to permanent housing, and whether the person came back within 183 days."""
    calendar, stays = world.population.calendar, world.stays
    order = np.lexsort((stays.entry, stays.person))
    person, entry, left = stays.person[order], stays.entry[order], stays.exit[order]
    following = np.append(entry[1:], np.datetime64("NaT"))[: len(order)]
    same = np.append(person[1:] == person[:-1], False)[: len(order)]
    days = (following - left).astype(np.int64)
    back = same & ~np.isnat(left) & (days >= 1) & (days <= RETURN_DAYS)
    permanent = (stays.destination[order] >= 410) & (stays.destination[order] <= 435)
    seen = permanent & (left >= calendar.day(0)) & (left + RETURN_DAYS < calendar.end)
    kind = stays.project_type[stays.project[order]][seen] == RAPID_REHOUSING
    names = ["rapid rehousing" if k else "other" for k in kind]
    quarter = calendar.quarter_of(calendar.month_of(left[seen]))
    return person[seen], quarter, back[seen], {"project": names}
