"""The story of a lineage: the same facts for text, picture and page.

Belongs here: gathering a lineage by source, with the titles and meanings that
contracts and documents give. Does not: steps (trail.py), or any layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from data_sharing_agreements.documents import Agreements
from warehouse.contracts_model import Contracts
from warehouse.lineage.grounds import Arrival
from warehouse.lineage.operations import Operation, in_words, told
from warehouse.lineage.report import Lineage
from warehouse.lineage.trail import ROWS, Layer, Place, Trail


@dataclass(frozen=True)
class Given:
    """A column an agency sent: its name, its meaning, and what is done to it up to the figure."""

    column: str
    meaning: str
    how: tuple[Operation, ...]

    @property
    def words(self) -> str:
        """What is done to it, in words."""
        return in_words(self.how) or "taken as it is"


@dataclass(frozen=True)
class FromSource:
    """What one source gives: columns whose values are shown, and columns that decide rows."""

    source: str
    title: str
    values: tuple[Given, ...]
    rows: tuple[Given, ...]
    arrivals: tuple[Arrival, ...]

    @property
    def arrived(self) -> str:
        """Which deliveries, in words."""
        if not self.arrivals:
            return "no delivery stands"
        count, first, last = len(self.arrivals), self.arrivals[0].period, self.arrivals[-1].period
        periods = first if first == last else f"{first} to {last}"
        return f"{count} {'delivery' if count == 1 else 'deliveries'}, {periods}"


@dataclass(frozen=True)
class Story:
    """A lineage with the words of its contracts and documents."""

    lineage: Lineage
    sources: tuple[FromSource, ...]
    titles: Mapping[str, str]

    @property
    def when(self) -> str:
        """Which version this is the lineage of, in words."""
        named, day = self.lineage.named, self.lineage.grounds.day
        if self.lineage.version is None:
            return f"What a build of {named.project}/{named.mart} would rest on, on {day}."
        built = f"Version {self.lineage.version} of {named.project}/{named.mart}, built on {day}."
        gone = self.lineage.destroyed
        return f"{built} Data destroyed on {gone}." if gone else built

    @property
    def linked(self) -> str:
        """How records were joined to people, in words."""
        link = self.lineage.link
        if link is None:
            return "No link version has been made yet."
        limits = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in link.thresholds.items())
        return (
            f"Link version {link.version}, made on {link.created_at[:10]} by the model {link.model}"
            f"{f' ({limits})' if limits else ''}, says which records are one person's."
        )

    @property
    def permitted(self) -> str:
        """The decision, in words."""
        grounds = self.lineage.grounds
        if not grounds.permitted:
            return f"On {grounds.day} this would be refused."
        if grounds.entry is None:
            return f"On {grounds.day} this would be permitted."
        return f"Permitted on {grounds.day}; entry {grounds.entry} of the log is the decision."


def story_of(lineage: Lineage, contracts: Contracts, agreements: Agreements) -> Story:
    """Gather a lineage by source.

    Args:
        lineage: What is told.
        contracts: For titles of sources and meanings of columns.
        agreements: For titles of documents; one that is gone is told by its id.
    """
    titles = {document.id: document.title for document in agreements.documents()}
    titles |= {code: basis.title for code, basis in agreements.bases.items()}
    sources = tuple(_from_source(lineage, contracts, source) for source in lineage.whole.sources())
    return Story(lineage, sources, titles)


def _from_source(lineage: Lineage, contracts: Contracts, source: str) -> FromSource:
    values = _given(lineage.values, contracts, source)
    rows = _given(lineage.rows, contracts, source)
    arrivals = tuple(d for d in lineage.grounds.deliveries if d.source == source)
    title = contracts[source].title if source in contracts.by_source else source
    return FromSource(source, title, values, rows, arrivals)


def given_by(trail: Trail) -> tuple[Place, ...]:
    """Return the columns of agencies' files at which a trail begins."""
    return tuple(place for place in trail.places(Layer.FILE) if place.column != ROWS)


def _given(trail: Trail, contracts: Contracts, source: str) -> tuple[Given, ...]:
    places = [place for place in given_by(trail) if place.source == source]
    done = done_after(trail, places)
    return tuple(
        Given(place.name.partition(".")[2], meaning_of(contracts, place), done[place]) for place in places
    )


def done_after(trail: Trail, places: Iterable[Place]) -> dict[Place, tuple[Operation, ...]]:
    """Return, for each place, all that is done to it on the way to the end of a trail."""
    after: dict[Place, list[int]] = {}
    for index, step in enumerate(trail.steps):
        after.setdefault(step.start, []).append(index)
    found = {}
    for place in places:
        taken: set[int] = set()
        waiting = [place]
        while waiting:
            fresh = set(after.get(waiting.pop(), ())) - taken
            taken |= fresh
            waiting += [trail.steps[index].end for index in fresh]
        found[place] = told(operation for index in taken for operation in trail.steps[index].how)
    return found


def meaning_of(contracts: Contracts, place: Place) -> str:
    """Return what a contract says of a column of a file; empty if it says nothing."""
    source, _, table = place.table.partition(".")
    contract = contracts.by_source.get(source)
    found = contract.by_name.get(table) if contract else None
    column = found.by_name.get(place.column) if found else None
    return column.description if column else ""
