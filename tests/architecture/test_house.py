"""The house rules a machine can check: docstrings, size, layers, paths, settings, dependencies."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from warehouse.deployment import _SECTIONS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "pipelines",
    "assets",
    "portal",
    "linkage",
    "warehouse",
    "privacy",
    "data_sharing_agreements",
)
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "versions" not in path.parts
)
TRACKED = [
    ROOT / line
    for line in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (ROOT / line).is_file()
]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="ignore")


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_belongs_and_what_does_not(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(text_of(module))) or ""
    assert "Belongs here" in docstring, "say what belongs here"
    assert "not:" in docstring, "say what does not"


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_stay_small(module: Path) -> None:
    assert len(text_of(module).splitlines()) <= 400


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_the_opener_opens_databases() -> None:
    opening = re.compile(r"duckdb\.connect\(")
    found = {str(m.relative_to(ROOT)) for m in MODULES if opening.search(text_of(m))}
    assert found <= {"warehouse/opener.py", "warehouse/synthetic/engine.py"}


def test_no_machine_path_or_registry_address_is_committed() -> None:
    place = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+)/|--(?:extra-)?index-url|pypi\.org/simple")
    own = Path(__file__).resolve()
    found = [
        str(path.relative_to(ROOT))
        for path in TRACKED
        if path != own and path.suffix not in {".png", ".parquet", ".jpg"} and place.search(text_of(path))
    ]
    assert not found


def test_every_setting_is_documented() -> None:
    documented = text_of(ROOT / "docs" / "operations.md")
    missing = [
        f"[{section}] {key}"
        for section, keys in _SECTIONS.items()
        for key in keys
        if f"`{key}`" not in documented or f"[{section}]" not in documented
    ]
    assert not missing


def test_locked_dependencies_carry_hashes_and_cover_what_is_declared() -> None:
    declared = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    wanted = {re.split(r"[=<>~\[]", d)[0].lower().replace("_", "-") for d in declared["dependencies"]}
    locked = text_of(ROOT / "requirements" / "run.txt")
    pinned = {
        m.group(1).lower().replace("_", "-") for m in re.finditer(r"^([\w.-]+)==", locked, re.MULTILINE)
    }
    assert wanted <= pinned
    blocks = re.split(r"^(?=[\w.-]+==)", locked, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_decision_records_have_their_three_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert records
    for record in records:
        body = text_of(record)
        assert all(part in body for part in ("Context", "Decision", "Consequences")), record.name
