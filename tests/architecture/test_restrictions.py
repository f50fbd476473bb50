"""Nobody reads people's rows past the restrictions: who may name the tables, and why."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "assets", "portal", "linkage", "warehouse", "privacy", "data_sharing_agreements")

TABLES = re.compile(
    r"vault\.(?:identity|current_identity|crosswalk)\b"
    r"|\bwarehouse\.(?:content|current)\.(?!current_delivery|profile)"
    r"|\{house\}\.(?:content|spine)\."
    r"|\bspine\.(?:assignment|current|pair)\b"
)
"""Tables of people's rows, as SQL names them."""

MAY: dict[str, str] = {
    "privacy/vault.py": "defines them",
    "warehouse/ingest/content.py": "defines them",
    "linkage/spine.py": "defines and writes the spine",
    "linkage/persons.py": "keeps persons' keys from one version of the spine to the next",
    "linkage/history.py": "counts what versions changed, small counts withheld; no key leaves it",
    "linkage/undo.py": "puts records of the spine back under the persons they had",
    "linkage/increment/blocked.py": "weights of pairs that stand, for the clusters of an increment",
    "linkage/increment/making.py": "counts the persons an increment concerns",
    "linkage/increment/causes.py": "knows records again that stood before",
    "linkage/households.py": "pairs that an increment compares again, known by their households",
    "linkage/report.py": "counts persons by number of records in the version just written",
    "linkage/weakest.py": "counts persons by what holds them together, of the version just written",
    "linkage/waterfalls.py": "counts pairs by pattern of agreement; no record leaves it",
    "linkage/fairness.py": "weights of pairs, of the records its caller gives it",
    "linkage/telling.py": "gives it the records of the version just written",
    "assets/fairness.py": "gives it the permitted spine, with each record's source",
    "linkage/evaluate.py": "looks up a truth that `leave_out` has gone through",
    "linkage/review/frame.py": "samples pairs of the permitted spine, with their source and weight",
    "linkage/review/evidence.py": "patterns of a pair of the permitted spine, and of the records around it",
    "warehouse/ingest/split.py": "writes what arrives, after rows are withheld",
    "warehouse/encoded/intake.py": "writes encodings that arrive, of records that were not withheld",
    "warehouse/encoded/export.py": "an agency's own records, at the agency, where there is no hub",
    "warehouse/restrictions/relations.py": "opens them to readers, without restricted records",
    "warehouse/restrictions/settle.py": "finds whom a restriction reaches",
    "warehouse/restrictions/forget.py": "finds restricted records in a list somebody brings",
    "warehouse/oversight/people.py": "counts whom a breach concerns: the restricted are owed notice too",
    "warehouse/marts/linkerror.py": "weights of pairs, joined with the permitted spine",
}
"""Every module that names one, and what for. Purges are apart: they only remove."""

REMOVES = ("warehouse/ends/",)


def modules() -> list[Path]:
    """Every module of ours."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_only_these_modules_name_tables_of_peoples_rows() -> None:
    found = {
        str(path.relative_to(ROOT)) for path in modules() if TABLES.search(path.read_text(encoding="utf-8"))
    }
    found = {name for name in found if not name.startswith(REMOVES)}
    assert found == MAY.keys()


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("assets/link.py", "permit_identities("),
        ("warehouse/restrictions/own_spine.py", "permit_identities("),
        ("warehouse/core/builder.py", "as_written("),
        ("warehouse/marts/own_core.py", "restrict("),
        ("warehouse/marts/views.py", "core_relations("),
        ("pipelines/measurement.py", "forget_restricted"),
        ("pipelines/reviews.py", "permit_spine("),
        ("pipelines/reviews.py", "permit_identities("),
        ("warehouse/ingest/flow.py", "withhold("),
    ],
)
def test_every_reader_goes_through_the_list(module: str, call: str) -> None:
    assert call in (ROOT / module).read_text(encoding="utf-8")


def test_core_is_read_by_its_builder_and_the_projects_window_alone() -> None:
    """Core holds nobody who is barred from the statewide purpose; a project may bar more."""
    reads = re.compile(r"^(?!from |import ).*warehouse\.core\.(?!builder)", re.MULTILINE)
    found = {str(p.relative_to(ROOT)) for p in modules() if reads.search(p.read_text(encoding="utf-8"))}
    assert {name for name in found if not name.startswith(REMOVES)} <= {
        "warehouse/core/builder.py",
        "warehouse/marts/own_core.py",
        "warehouse/marts/linkerror.py",
        "assets/core.py",
        "assets/fairness.py",
    }


@pytest.mark.parametrize("path", sorted((ROOT / "warehouse" / "core").rglob("*.sql")), ids=lambda p: p.stem)
def test_cores_selects_name_no_store(path: Path) -> None:
    """They find `current` and `spine` where the filtered views are, and so nowhere else."""
    assert not re.search(r"\b(?:warehouse|vault|content)\.", path.read_text(encoding="utf-8"))
