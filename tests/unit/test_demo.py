"""The demonstration takes one synthetic state a home: files of another are no corrections of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from demo import extracts_of, not_another_state, synth_words


def options(home: Path, people: int) -> argparse.Namespace:
    return argparse.Namespace(home=str(home), people=people, months=12, seed=1)


def test_a_home_keeps_to_its_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    not_another_state(options(tmp_path / "home", 3000))
    not_another_state(options(tmp_path / "home", 3000))
    with pytest.raises(SystemExit) as stopped:
        not_another_state(options(tmp_path / "home", 20_000))
    assert stopped.value.code == 2
    assert "HOME_DIR" in capsys.readouterr().err
    not_another_state(options(tmp_path / "other", 20_000))


def test_each_home_has_extracts_of_its_own() -> None:
    assert extracts_of(".commonweal") == Path(".evergreen")
    assert extracts_of(".small/") == Path(".small-extracts")
    assert synth_words(options(Path(".small"), 10))[-1] == ".small-extracts"
