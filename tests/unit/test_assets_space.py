"""Room for a run."""

from pathlib import Path

import pytest

from assets.faults import OutOfSpace
from assets.io_manager import NoValues
from assets.space import GROWTH, MINIMUM_BYTES, check_free_space, space


def test_a_home_that_is_not_there_yet_is_measured_where_it_will_be(tmp_path: Path) -> None:
    assert space(tmp_path / "a" / "b").free > 0


def test_what_waits_counts() -> None:
    assert space(Path.cwd(), 1000).needed == MINIMUM_BYTES + 1000 * GROWTH


def test_too_little_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    with pytest.raises(OutOfSpace) as refused:
        check_free_space(tmp_path, 2**60)
    assert refused.value.exit_code == 1
    assert refused.value.details[0].code == "no-disk-left"
    assert "--home" in refused.value.details[0].next


def test_enough_passes(tmp_path: Path) -> None:
    check_free_space(tmp_path)


def test_no_value_is_kept() -> None:
    import dagster as dg

    @dg.asset
    def leaky() -> int:
        return 1

    result = dg.materialize([leaky], resources={"io_manager": NoValues()}, raise_on_error=False)
    assert not result.success

    @dg.asset
    def quiet() -> None:
        return None

    assert dg.materialize([quiet], resources={"io_manager": NoValues()}).success
