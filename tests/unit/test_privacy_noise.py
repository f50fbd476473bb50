"""Noise that stays the same for the same question; percentages from rounded counts."""

import numpy as np
import pandas as pd

from privacy.noise import cell_id, noise
from privacy.rounding import percentage

CELLS = [cell_id("persons", {"county": i, "sex": "F"}) for i in range(20_000)]


def test_the_same_question_has_the_same_answer() -> None:
    asked = cell_id("persons", {"sex": "F", "county": "033"})
    again = cell_id("persons", {"county": "033", "sex": "F"})
    assert asked == again
    key = b"p" * 32
    assert noise(key, [asked], 5.0) == noise(key, [CELLS[0], again], 5.0)[1]


def test_noise_is_normal_with_the_deviation_asked() -> None:
    drawn = noise(b"p" * 32, CELLS, 5.0)
    assert abs(drawn.mean()) < 0.15
    assert abs(drawn.std() - 5.0) < 0.15
    assert abs((np.abs(drawn) > 10).mean() - 0.036) < 0.01
    assert not noise(b"p" * 32, CELLS, 0.0).any()
    assert len(noise(b"p" * 32, [], 5.0)) == 0


def test_projects_have_unrelated_noise() -> None:
    one, two = (noise(key * 32, CELLS, 5.0) for key in (b"a", b"b"))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03


def test_percentages_are_of_shown_counts() -> None:
    part = pd.Series([10, None, 20, 5], dtype="Int64")
    whole = pd.Series([30, 40, None, 0], dtype="Int64")
    found = percentage(part, whole)
    assert found[0] == 33.3
    assert found.isna().tolist() == [False, True, True, True]
