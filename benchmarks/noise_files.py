"""Run by the simulator's own Python: datasets of an invented town with more noise than usual.

Belongs here: calling pseudopeople and writing its datasets as the extracts of
examples/anytown are laid out. Does not: anything of ours; it is given three words, the
directory to write, the factor of noise and the seed.

Every probability of an error in a row or a cell is its default times the factor; how bad an
error is, and everything that is no error, stays as it is.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

DATASETS = (
    ("doh_wic", "women_infants_and_children", (2019, 2020, 2021, 2022)),
    ("dor_income_tax", "taxes_1040", (2019, 2020, 2021, 2022)),
    ("esd_wages", "taxes_w2_and_1099", (2019, 2020, 2021, 2022)),
    ("census", "decennial_census", (2020,)),
    ("ssa_numident", "social_security", (2041,)),
)
ONCE = frozenset({"ssa_numident"})
"""Sources of one file without a year in its name."""

SCALED = frozenset({"row_probability", "cell_probability"})
HIGHEST = 0.95


def multiplied(settings: Any, factor: float) -> Any:
    """Return settings with every probability of an error multiplied."""
    if not isinstance(settings, dict):
        return settings
    return {
        name: min(value * factor, HIGHEST)
        if name in SCALED and isinstance(value, float)
        else multiplied(value, factor)
        for name, value in settings.items()
    }


def main() -> None:
    """Write the extracts and the truth; files that are there already stay."""
    place, factor, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    people: Any = importlib.import_module("pseudopeople")
    settings = people.get_config()
    config = multiplied(settings if isinstance(settings, dict) else settings.to_dict(), factor)
    for source, dataset, years in DATASETS:
        for year in years:
            write(people, config, seed, place, (source, dataset, year))


def write(people: Any, config: Any, seed: int, place: Path, which: tuple[str, str, int]) -> None:
    """Write one file of one source, and its part of the truth."""
    source, dataset, year = which
    name = source if source in ONCE else f"{source}_{year}"
    file, truth = place / "extracts" / source / f"{name}.csv", place / "truth" / f"{name}.csv"
    if truth.exists():
        return
    data = getattr(people, f"generate_{dataset}")(year=year, seed=seed, config=config)
    data.insert(0, "record_id", [f"{name}-{i:06d}" for i in range(len(data))])
    for path in (file, truth):
        path.parent.mkdir(parents=True, exist_ok=True)
    data.drop(columns=["simulant_id", "household_id"], errors="ignore").to_csv(file, index=False)
    known = data[["record_id", "simulant_id"]].rename(columns={"simulant_id": "person_id"})
    known.insert(0, "source", source)
    known.to_csv(truth, index=False)


if __name__ == "__main__":
    main()
