"""Change the gates of permission one place at a time, and say which changes no test notices.

Belongs here: a copy to change, mutmut on it, and the count. Does not: what is changed and
which tests are asked (`[tool.mutmut]` in pyproject.toml).

A change of wording alone (a sentence, or a word of one, in a message) is counted apart: it
permits nothing and refuses nothing. Every other change counts.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOAL = 0.90

SURVIVED, NOT_TESTED, NOT_RUN = 0, frozenset({5, 33}), None
"""Exit codes of mutmut: tests passed, no test reaches the place, not tried yet."""

_TEXT = re.compile(r"""f?"(?:[^"\\]|\\.)*"|f?'(?:[^'\\]|\\.)*'""")


@dataclass(frozen=True)
class Mutant:
    """One change: its name, how mutmut ended on it, and its difference in lines."""

    name: str
    code: int | None
    lines: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether a test noticed."""
        return self.code not in (SURVIVED, NOT_RUN) and self.code not in NOT_TESTED

    @property
    def wording(self) -> bool:
        """Whether nothing but sentences differ."""
        old = [line[1:].strip() for line in self.lines if line.startswith("-")]
        new = [line[1:].strip() for line in self.lines if line.startswith("+")]
        if len(old) != len(new):
            return False
        return all(_same_but_words(a, b) for a, b in zip(old, new, strict=True))


def main() -> int:
    """Run, count, print what survived; 1 where fewer than the goal were noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="Only these mutants; patterns as mutmut has them.")
    parser.add_argument("--place", type=Path, help="A directory to work in; an old one is continued.")
    parser.add_argument("--processes", default="2")
    parser.add_argument("--count", action="store_true", help="Only count what was tried before.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = given.place or Path(temporary)
        if not given.count:
            _copy(place)
            words = ["run", "--max-children", given.processes, *given.names]
            mutmut = Path(sys.executable).with_name("mutmut")
            subprocess.run([mutmut, *words], cwd=place, check=False)
        return _told(list(_mutants(place)))


def _copy(place: Path) -> None:
    """Put every file git knows, as it now is, into the place."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        source, target = ROOT / name, place / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def _mutants(place: Path) -> Iterator[Mutant]:
    for meta in sorted((place / "mutants").rglob("*.meta")):
        for name, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            noticed = code not in (SURVIVED, NOT_RUN) and code not in NOT_TESTED
            yield Mutant(name, code, () if noticed or code is NOT_RUN else _difference(place, name))


def _difference(place: Path, name: str) -> tuple[str, ...]:
    mutmut = Path(sys.executable).with_name("mutmut")
    shown = subprocess.run([mutmut, "show", name], cwd=place, capture_output=True, text=True, check=False)
    changed = (line for line in shown.stdout.splitlines() if re.match(r"[-+](?![-+]{2} )", line))
    return tuple(changed)


def _same_but_words(old: str, new: str) -> bool:
    """Whether two lines are the same but for texts that hold a space: sentences, not names."""
    if _TEXT.sub("…", old) != _TEXT.sub("…", new):
        return False
    pairs = zip(_TEXT.findall(old), _TEXT.findall(new), strict=True)
    return all(before == after or " " in before for before, after in pairs)


def _told(mutants: list[Mutant]) -> int:
    tried = [mutant for mutant in mutants if mutant.code is not NOT_RUN]
    survivors = [mutant for mutant in tried if not mutant.killed]
    silent = [mutant for mutant in survivors if not mutant.wording]
    counted = len(tried) - (len(survivors) - len(silent))
    by_module = Counter(mutant.name.rpartition(".x")[0] for mutant in silent)
    for mutant in silent:
        print(mutant.name, *mutant.lines, sep="\n    ")
    for module, count in sorted(by_module.items()):
        print(f"{count:5} not noticed in {module}")
    share = (counted - len(silent)) / counted if counted else 0.0
    worded = len(survivors) - len(silent)
    print(f"{len(tried)} of {len(mutants)} changes tried, {worded} of wording alone not noticed.")
    print(f"Of the other {counted}, {counted - len(silent)} noticed: {share:.1%}; the goal is {GOAL:.0%}.")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
