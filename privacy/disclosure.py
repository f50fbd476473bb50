"""Disclosure control of tables: hide what is small or dominated, and what would give it away.

Belongs here: primary and complementary suppression of one table with its totals, the
audit, rounding of what is shown. Does not: who may have the table (decisions), noise
(noise.py), the interval search itself (interval_audit.py).

A table is suppressed together with every total of it, and the audit supposes that all
totals are public. Hiding is one pattern for all measures of the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from data_sharing_agreements.errors import Refused, UsageFault
from privacy.box_moves import Room, cover, ranges
from privacy.cell_rules import CellRules
from privacy.cube import Cells, Cube, Flags
from privacy.releases import Release, known_and_kept
from privacy.rounding import round_to_base

SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Magnitude:
    """Columns of a magnitude (money, days): its total and the two largest contributions to it."""

    total: str
    largest: str
    second: str


@dataclass(frozen=True)
class SuppressedTable:
    """A table that may be shown.

    Attributes:
        frame: The dimensions (NULL for a total), the measures (NULL where hidden; counts
            rounded), and `suppressed`.
        primary: Cells hidden for what they are, totals included.
        complementary: Cells hidden to protect those.
    """

    frame: pd.DataFrame
    primary: int
    complementary: int

    @property
    def withheld(self) -> int:
        """Number of hidden cells."""
        return self.primary + self.complementary


@dataclass
class _Measure:
    """One measure on the grid, and what its hidden cells need."""

    values: Cells
    width: Cells
    whole: bool
    lower: float = 0.0


@dataclass
class _Pattern:
    """Which cells are hidden, and the audit's findings so far, by cell number."""

    cube: Cube
    cost: Cells
    hidden: Flags
    lines: list[npt.NDArray[np.intp]] = field(init=False)
    line_of: list[npt.NDArray[np.intp]] = field(init=False)
    equations: sparse.csr_array = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.cube.lines()
        self.line_of = [np.argsort(lines, axis=None) // lines.shape[1] for lines in self.lines]
        self.equations = self.cube.equations()

    def close(self) -> None:
        """Hide a second cell in every line with one hidden cell, the cheapest, until none is left."""
        changed = True
        while changed:
            changed = False
            for lines in self.lines:
                alone = lines[self.hidden[lines].sum(axis=1) == 1]
                if len(alone):
                    changed |= self._hide_cheapest(alone)

    def _hide_cheapest(self, groups: npt.NDArray[np.intp]) -> bool:
        cost = np.where(self.hidden[groups], np.inf, self.cost[groups])
        best = cost.argmin(axis=1)
        possible = np.isfinite(cost[np.arange(len(groups)), best])
        chosen = groups[np.arange(len(groups)), best][possible]
        self.hidden[chosen] = True
        return bool(len(chosen))

    def widen(self, unsafe: npt.NDArray[np.intp]) -> bool:
        """Hide one more cell near every unsafe cell; False if there is none left to hide."""
        around = np.hstack([lines[self.line_of[axis][unsafe]] for axis, lines in enumerate(self.lines)])
        if self._hide_cheapest(around):
            return True
        open_ = np.flatnonzero(~self.hidden & np.isfinite(self.cost))
        if len(open_):
            self.hidden[open_[self.cost[open_].argmin()]] = True
        return bool(len(open_))


def suppress(
    table: pd.DataFrame,
    dims: Sequence[str],
    measures: Sequence[str],
    rules: CellRules,
    *,
    parts: Mapping[str, str] | None = None,
    magnitudes: Sequence[Magnitude] = (),
    released: Sequence[Release] = (),
) -> SuppressedTable:
    """Return the table with all its totals, hidden and rounded as the rules ask.

    Args:
        table: One row a cell, unrounded; absent combinations are cells of zero.
        dims: Its dimensions.
        measures: Columns of counts of persons.
        rules: What must not be shown.
        parts: part → whole, for counts of which one contains the other (employed → leavers): the
            difference, which anyone can take, is then held to the rules too.
        magnitudes: Sums of money or days, held to the dominance rules.
        released: Earlier tables of the same data. What they showed counts as known; what they hid
            stays hidden. A total hidden in both is audited in each table by itself.

    Raises:
        Refused: with what earlier tables showed, a hidden cell could be worked out.
        UsageFault: a dimension has missing values, a cell comes twice, a count is negative or
            not whole, or there is no count.

    After it, for every hidden count there are two tables that agree with everything shown
    and differ in it by at least `rules.min_cell`. A property test compares this with brute force.
    """
    _check_counts(table, measures)
    cube = Cube.of(table, dims)
    grids = _grids(cube, table, measures, rules, parts or {}, magnitudes)
    primary = np.zeros(int(np.prod(cube.shape)), dtype=bool)
    for measure in grids:
        primary |= rules.small(measure.values) if measure.whole else False
    for magnitude in magnitudes:
        largest, second = cube.with_top_two(table[magnitude.largest], table[magnitude.second])
        totals = cube.with_totals(table[magnitude.total])
        primary |= rules.dominated(totals, largest, second).ravel()
    known, kept = known_and_kept(cube, measures, released)
    cost = np.where(known, np.inf, _cost(cube, grids, len(measures)))
    primary &= ~known
    pattern = _Pattern(cube, cost, primary | kept)
    _protect(pattern, grids)
    return _shown(cube, table, measures, magnitudes, rules, primary, pattern.hidden)


def _check_counts(table: pd.DataFrame, measures: Sequence[str]) -> None:
    values = table[list(measures)].to_numpy(dtype=np.float64)
    if not len(measures) or not np.isfinite(values).all() or (values < 0).any() or (values % 1 != 0).any():
        raise UsageFault.of(
            "not-a-count",
            "a table needs counts that are whole and not negative",
            why="the cell rules are about numbers of persons",
            next="pass unrounded counts, and sums of money as magnitudes",
        )


def _grids(
    cube: Cube,
    table: pd.DataFrame,
    measures: Sequence[str],
    rules: CellRules,
    parts: Mapping[str, str],
    magnitudes: Sequence[Magnitude],
) -> list[_Measure]:
    """Return all measures to protect: the counts, the differences anyone can take, the magnitudes."""
    width = np.full(int(np.prod(cube.shape)), rules.count_width)
    counts = [cube.with_totals(table[name]).ravel() for name in measures]
    rests = [cube.with_totals(table[whole] - table[part]).ravel() for part, whole in parts.items()]
    alone = len(counts) == 1 and not magnitudes and not rules.zero_is_small
    grids = [_Measure(values, width, whole=True, lower=1.0 if alone else 0.0) for values in counts]
    grids += [_Measure(values, width, whole=True) for values in rests]
    for magnitude in magnitudes:
        totals = cube.with_totals(table[magnitude.total]).ravel()
        grids.append(
            _Measure(totals, rules.magnitude_width(totals), whole=False, lower=min(0.0, totals.min()))
        )
    return grids


def _cost(cube: Cube, grids: list[_Measure], counts: int) -> Cells:
    """Return what hiding each cell loses: the persons in it, totals dearer; empty cells never."""
    persons = np.sum([measure.values for measure in grids[:counts]], axis=0)
    dear = np.where(cube.is_total(), persons.max(initial=0.0) + persons, persons)
    return np.where(persons > 0, dear, np.inf)


def _protect(pattern: _Pattern, grids: list[_Measure]) -> None:
    """Hide cells until every hidden cell is shown to be safe in every measure.

    A quick look spares cells that are safe as they are; boxes protect nearly all others; the
    audit proves it, and hides more where there was no box.
    """
    shape = pattern.cube.shape
    rooms = [Room.of(m.values.reshape(shape), m.lower, m.width.reshape(shape)) for m in grids]
    seen = [(m.values.copy(), m.values.copy()) for m in grids]
    unsafe = _unsafe(pattern, grids, rooms, seen, thorough=False)
    costly_first = unsafe[np.argsort(-pattern.cost[unsafe], kind="stable")]
    cover(costly_first, pattern.hidden.reshape(shape), pattern.cost.reshape(shape), rooms)
    pattern.close()
    while len(unsafe := _unsafe(pattern, grids, rooms, seen, thorough=True)):
        if not pattern.widen(unsafe):
            raise Refused.of(
                "table-not-protectable",
                "hidden cells of this table could be worked out whatever else is hidden",
                why="earlier tables have shown too much of the same data",
                next="ask for fewer dimensions, or for the earlier table again",
            )
        pattern.close()


def _unsafe(
    pattern: _Pattern,
    grids: list[_Measure],
    rooms: list[Room],
    seen: list[tuple[Cells, Cells]],
    *,
    thorough: bool,
) -> npt.NDArray[np.intp]:
    """Return the hidden cells not shown to be safe; `seen` keeps the values found, which stay possible."""
    from privacy.interval_audit import Hidden  # brings a solver: only who hides something waits for it

    cells = np.flatnonzero(pattern.hidden)
    part = sparse.csr_array(pattern.equations[:, cells])
    unsafe = np.zeros(len(cells), dtype=bool)
    for measure, room, (low, high) in zip(grids, rooms, seen, strict=True):
        lower = np.minimum(measure.lower, measure.values[cells])
        audit = Hidden(part, measure.values[cells], lower, measure.width[cells], measure.whole)
        audit.low, audit.high = low[cells], high[cells]
        asked = np.flatnonzero(~audit.safe())
        fall, rise = ranges(cells[asked], pattern.hidden.reshape(pattern.cube.shape), room)
        audit.note(asked, audit.truth[asked] - fall, audit.truth[asked] + rise)
        unsafe |= ~audit.audit(thorough=thorough)
        low[cells], high[cells] = audit.low, audit.high
    return cells[unsafe]


def _shown(
    cube: Cube,
    table: pd.DataFrame,
    measures: Sequence[str],
    magnitudes: Sequence[Magnitude],
    rules: CellRules,
    primary: Flags,
    hidden: Flags,
) -> SuppressedTable:
    frame = cube.frame()
    for name in measures:
        rounded = round_to_base(cube.with_totals(table[name]).ravel(), rules.rounding)
        frame[name] = pd.array(rounded.astype(np.int64), dtype="Int64")
    for magnitude in magnitudes:
        frame[magnitude.total] = pd.array(cube.with_totals(table[magnitude.total]).ravel(), dtype="Float64")
    frame.loc[hidden, [*measures, *(m.total for m in magnitudes)]] = pd.NA
    frame[SUPPRESSED] = hidden
    return SuppressedTable(frame, int(primary.sum()), int((hidden & ~primary).sum()))
