"""A link that finds the disk full: the version before stands, and with room it is made as if nothing were."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.integration.test_linkage_increment import World, copied, linked
from tests.integration.test_no_disk import small_disk

__all__ = ["linked", "small_disk"]


@pytest.fixture
def cramped(linked: Path, small_disk: Path) -> Iterator[World]:
    """A world linked in full once, on a disk of its own."""
    with copied(linked, small_disk) as made:
        yield made


@pytest.mark.parametrize("full", [False, True])
def test_a_link_on_a_full_disk_changes_nothing(cramped: World, small_disk: Path, *, full: bool) -> None:
    cramped.deliver("2")
    before = cramped.keys()
    cramped.run("CHECKPOINT vault")
    cramped.run("CHECKPOINT warehouse")
    filler = small_disk / "filler"
    filler.write_bytes(b"0" * shutil.disk_usage(small_disk).free)
    with pytest.raises(duckdb.Error, match="No space left"):
        cramped.link(full=full)
    filler.unlink()

    cramped.connection.close()
    again = World(small_disk).open()
    try:
        assert again.keys() == before
        outcome = again.link(full=full)
        assert (outcome.version, outcome.mode) == (2, "full" if full else "increment")
        assert len(again.keys()) > len(before)
    finally:
        again.connection.close()
