"""Generating Evergreen: the simulated state's deliveries, and the truth about them.

Belongs here: running the parts in order and summing up. Does not: any part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from data_sharing_agreements.errors import UsageFault
from warehouse.contracts_loader import load_contracts
from warehouse.synthetic.arrays import Draws
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.feeds import make_feed
from warehouse.synthetic.feeds.rows import periods
from warehouse.synthetic.files import Writer
from warehouse.synthetic.indicators import write_indicators
from warehouse.synthetic.rates import ErrorRates, load_rates
from warehouse.synthetic.registration import register
from warehouse.synthetic.restrictions import write_restrictions
from warehouse.synthetic.systems import SYSTEMS, System, load_systems
from warehouse.synthetic.truth import TruthWriter
from warehouse.synthetic.world import World

CONTRACTS = Path(__file__).parents[1] / "contracts"

MOST_NOISE = 10.0
Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done, and steps in all."""


@dataclass(frozen=True)
class SynthSummary:
    """What was generated.

    Args:
        people: Number of people.
        out: Directory with `landing` and `truth`.
        deliveries: Number of deliveries by source.
        rows: Number of rows by source, all tables together.
        records: Number of distinct record ids by source.
    """

    people: int
    out: Path
    deliveries: Mapping[str, int]
    rows: Mapping[str, int]
    records: Mapping[str, int]


def generate(
    people: int,
    seed: int,
    months: int,
    out: Path,
    start: str = "2023-01",
    progress: Progress | None = None,
    *,
    contracts: Path = CONTRACTS,
    systems: Path = SYSTEMS,
    noise: float = 1.0,
) -> SynthSummary:
    """Simulate Evergreen and write OUT/landing and OUT/truth.

    The same arguments give the same bytes. Systems and periods are written one
    after the other, so that memory holds the people and one delivery.

    Args:
        people: Number of people, 200 or more, births within the time included.
        seed: Seed of every draw, 0 or more.
        months: Number of months, 1 or more.
        out: Directory to write to; existing deliveries of the same name are
            replaced, others stay.
        start: First month, `YYYY-MM`.
        progress: Told of each delivery.
        contracts, systems: Where contracts and declarations of systems lie.
        noise: How many times as many errors are made as `errors.yaml` says, 0 to 10.

    Raises:
        UsageFault: A number or the start is out of range.
        Invalid: A contract or declaration is faulty.
    """
    _check(people, seed, months)
    rates = _rates(noise)
    calendar = Calendar.of(start, months)
    declared = load_systems(load_contracts(contracts), systems)
    tell = progress or _silent
    total = 1 + sum(len(periods(calendar, s.contract.cadence)) for s in declared)
    tell("people", 0, total)
    world = World.simulate(Draws(seed), calendar, people)
    truth = TruthWriter(world.population, out / "truth")
    deliveries, rows, done = {}, {}, 1
    for system in declared:
        deliveries[system.source], rows[system.source] = _system(
            world, system, rates, out / "landing", truth, tell, done, total
        )
        done += deliveries[system.source]
    records = truth.write()
    write_restrictions(Draws(seed), truth.found, f"{start}-01", out / "landing", out / "truth")
    write_indicators(world, out / "truth" / "indicators.json")
    tell("truth", total, total)
    return SynthSummary(people, out, deliveries, rows, records)


def _system(
    world: World,
    system: System,
    rates: ErrorRates,
    landing: Path,
    truth: TruthWriter,
    tell: Progress,
    done: int,
    total: int,
) -> tuple[int, int]:
    """Write one system's deliveries; return their number and the number of rows."""
    feed = make_feed(system.feed, world, system.settings, system.source)
    registrations = register(world.draws, world.population, rates, system.source, feed.person, feed.since)
    writer = Writer(world.draws, system, feed, registrations, world.population.calendar, landing)
    listed = periods(world.population.calendar, system.contract.cadence)
    count = 0
    for number, period in enumerate(listed):
        tell(f"{system.source} {period.name}", done + number, total)
        written = writer.write(period)
        count += sum(written.rows.values())
        truth.add(system.source, written.records, registrations)
    return len(listed), count


def _rates(noise: float) -> ErrorRates:
    if not 0 <= noise <= MOST_NOISE:
        raise UsageFault.of(
            "bad-argument",
            f"noise must lie between 0 and {MOST_NOISE:g}.",
            why="It multiplies how often each error is made; 1 is what errors.yaml says.",
            next="Give another number for noise.",
        )
    return load_rates().multiplied(noise)


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def _check(people: int, seed: int, months: int) -> None:
    for name, value, least in (("people", people, 200), ("seed", seed, 0), ("months", months, 1)):
        if value < least:
            raise UsageFault.of(
                "bad-argument",
                f"{name} must be at least {least}.",
                why="The simulated state needs enough people and at least one month.",
                next=f"Give a larger number for {name}.",
            )
