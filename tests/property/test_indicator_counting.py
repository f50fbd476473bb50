"""Results of an indicator over random counts: nothing small is shown, tables cannot be subtracted."""

from datetime import date
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.cell_rules import CellRules
from warehouse.indicators.counting import Made, counts_sql, results_of
from warehouse.indicators.definition import load_definitions
from warehouse.indicators.result import Result

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = next(
    d for d in load_definitions(ROOT / "warehouse" / "indicators") if d.id == "tanf_leavers_employed"
).model_copy(update={"breakdowns": ("county", "sex")})
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["2023Q1", "2023Q2", "2023Q3"]),
        st.sampled_from(["x", "y", "z"]),
        st.sampled_from(["F", "M"]),
        st.booleans(),
    ),
    max_size=120,
)
RULES = CellRules(min_cell=5, rounding=5)
MADE = Made("1", 1, date(2024, 1, 1))


def counts(people: list[tuple]) -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(people, columns=["exit_quarter", "county", "sex", "numerator"])
    return {
        name: frame.groupby(name, as_index=False)
        .agg(denominator=("numerator", "size"), numerator=("numerator", "sum"))
        .rename(columns={name: "grp"})
        for name in ("exit_quarter", "county", "sex")
    }


@settings(max_examples=50, deadline=None)
@given(PEOPLE)
def test_shown_results_are_rounded_and_never_small(people: list[tuple]) -> None:
    true = counts(people)
    for result in results_of(DEFINITION, true, RULES, MADE):
        assert result.suppressed == (result.value is None) == (result.low is None)
        if result.suppressed:
            assert (result.numerator, result.position) == (None, "unknown")
            continue
        assert result.denominator is not None
        assert result.numerator is not None
        assert result.numerator % 5 == result.denominator % 5 == 0
        assert result.low <= result.value <= result.high
        if result.dimension:
            row = true[result.dimension].set_index("grp").loc[result.group]
            for number in (row["numerator"], row["denominator"], row["denominator"] - row["numerator"]):
                assert not 0 < number < 5


@settings(max_examples=50, deadline=None)
@given(PEOPLE)
def test_a_hidden_cell_is_never_alone_beside_a_shown_total(people: list[tuple]) -> None:
    results = results_of(DEFINITION, counts(people), RULES, MADE)
    whole = [r for r in results if not r.dimension]
    for dimension in ("exit_quarter", "county", "sex"):
        hidden = [r for r in results if r.dimension == dimension and r.suppressed]
        assert len(hidden) != 1 or whole[0].suppressed or len({p[0] for p in people}) == 0


@settings(max_examples=25, deadline=None)
@given(PEOPLE)
def test_results_survive_their_json(people: list[tuple]) -> None:
    for result in results_of(DEFINITION, counts(people), RULES, MADE):
        assert Result.from_json(result.to_json()) == result


def test_the_whole_comes_first_and_breakdowns_are_named() -> None:
    people = [("2023Q1", "x", "F", True), ("2023Q2", "y", "M", False)] * 40
    results = results_of(DEFINITION, counts(people), RULES, MADE)
    names = [r.to_json()["breakdown"] for r in results]
    assert names[:3] == ["all", "exit_quarter=2023Q1", "exit_quarter=2023Q2"]
    assert set(names[3:]) == {"county=x", "county=y", "sex=F", "sex=M"}
    assert results[0].periods == 2
    assert results[0].trajectory is not None
    assert results[-1].trajectory is None


def test_the_select_counts_the_denominators_rows() -> None:
    sql = counts_sql(DEFINITION, "county")
    assert "WHERE followed" in sql
    assert "FILTER (WHERE employed)" in sql
