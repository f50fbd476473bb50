"""The codebook's page says what was measured in words, not in the program's notation."""

import pytest

from warehouse.marts.codebook import _words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "5"),
        (0.882, "88.2%"),
        (0.0, "0.0"),
        (None, "none"),
        ([], "none"),
        (["sex", "region"], "sex, region"),
        ({"sex": 0.61, "limit": None}, "sex: 61.0%, limit: none"),
    ],
)
def test_words(value: object, said: str) -> None:
    assert _words(value) == said
