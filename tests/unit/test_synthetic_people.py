"""Evergreen's people, their errors and what happens to them are as the documentation says."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.synthetic.arrays import NEVER, Draws
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.households import CHILD
from warehouse.synthetic.indicators import absences, leavers, returns
from warehouse.synthetic.naming import JUNIOR
from warehouse.synthetic.programs.school import attendance
from warehouse.synthetic.rates import load_rates
from warehouse.synthetic.registration import Registrations, register
from warehouse.synthetic.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World.simulate(Draws(3), Calendar.of("2023-01", 24), 60_000)


def _registered(world: World, source: str) -> Registrations:
    everyone = np.arange(len(world.population))
    return register(
        world.draws, world.population, load_rates(), source, everyone, np.zeros(len(everyone), dtype=np.int64)
    )


def test_social_security_numbers_have_the_valid_form_and_are_different(world: World) -> None:
    ssn = world.population.ssn[world.population.ssn >= 0]
    area, pair, serial = ssn // 1_000_000, ssn // 10_000 % 100, ssn % 10_000
    assert len(np.unique(ssn)) == len(ssn)
    assert ((area > 0) & (area < 900) & (area != 666) & (pair > 0) & (serial > 0)).all()


def test_twins_share_a_birth_and_nearly_a_number(world: World) -> None:
    members = world.population.members
    twin = np.flatnonzero(members.twin >= 0)
    assert len(twin) > 100
    assert (members.born[twin] == members.born[members.twin[twin]]).all()
    apart = np.abs(world.population.ssn[twin] - world.population.ssn[members.twin[twin]])
    assert np.mean(apart < 10) > 0.8


def test_juniors_are_called_like_their_fathers(world: World) -> None:
    members, names = world.population.members, world.population.names
    junior = np.flatnonzero((names.suffix == JUNIOR) & (members.place == CHILD))
    assert len(junior) > 50
    father = members.father[junior]
    assert (names.given[junior] == names.given[father]).all()
    assert (names.surname[junior] == names.surname[father]).all()


def test_lives_change(world: World) -> None:
    life, months = world.population.life, world.population.calendar.months
    size = len(world.population)
    assert 0.005 < np.mean(life.dies < months) < 0.04
    assert np.sum((life.marries >= 0) & (life.marries < months)) > 100
    assert 0.01 < np.mean(life.leaves < NEVER) < 0.1
    born = world.population.born_month
    assert 0.01 < np.mean(born >= 0) < 0.06
    everyone = np.arange(size)
    before = life.address_at(everyone, np.zeros(size, dtype=np.int64))
    after = life.address_at(everyone, np.full(size, months - 1))
    assert 0.1 < np.mean(before != after) < 0.4


def test_programs_have_the_size_they_should(world: World) -> None:
    size = len(world.population)
    child = (world.population.members.place == CHILD) & (world.population.age_at(0) < 18)
    assisted = np.unique(np.concatenate([world.assistance.in_month(m).person for m in range(24)]))
    calendar = world.population.calendar
    in_care = world.care.any_day(calendar.day(0), calendar.end)
    assert 0.05 < len(assisted) / size < 0.09
    assert 0.24 < len(np.unique(world.coverage.spells.unit)) / size < 0.32
    assert 0.38 < len(np.unique(world.jobs.person)) / size < 0.50
    assert 0.13 < len(np.unique(world.school.person)) / size < 0.19
    assert 0.015 < len(in_care) / child.sum() < 0.045
    assert 0.015 < len(np.unique(world.stays.person)) / size < 0.04


def test_errors_differ_by_system(world: World) -> None:
    def wrong_births(source: str) -> float:
        return float(np.mean(_registered(world, source).born != world.population.members.born))

    def no_number(source: str) -> float:
        return _registered(world, source).ssn.null_count / len(world.population)

    assert wrong_births("com_hmis") > 2 * wrong_births("ospi_k12") > 0
    assert no_number("com_hmis") > 3 * no_number("hca_medicaid") > 0
    assert wrong_births("no_such_system") == 0


def test_errors_differ_by_group_and_need(world: World) -> None:
    population = world.population
    registered = _registered(world, "hca_medicaid")
    true = population.words.take(population.names.given).to_pylist()
    wrong = np.array([a != b for a, b in zip(registered.names.given.to_pylist(), true, strict=True)])
    group = np.array([g.name for g in population.book.groups])[population.members.group]
    assert wrong[group == "east_african"].mean() > 1.5 * wrong[group == "english"].mean() > 0
    missed = registered.born != population.members.born
    assert missed[population.need > 0.8].mean() > missed[population.need < 0.2].mean()


def test_a_registration_changes_only_where_life_does(world: World) -> None:
    registered = _registered(world, "hca_medicaid")
    renamed = registered.renamed < NEVER
    marries = world.population.life.marries
    assert renamed.any()
    assert ((marries[renamed] > 0) & (marries[renamed] < NEVER)).all()
    corrected = registered.corrected < NEVER
    assert corrected.any()
    true = world.population.ssn[corrected]
    assert [int(x) for x in registered.new_ssn.filter(corrected).to_pylist()] == true.tolist()


def test_work_activities_raise_employment_and_earnings_after_exit(world: World) -> None:
    person, quarter, paid, groups = leavers(world)
    took = np.array(groups["work_activities"]) == "took part"
    assert took.sum() > 200
    assert paid[took].mean() - paid[~took].mean() > 0.12
    jobs = world.jobs
    wages = np.zeros(len(person))
    key = jobs.person * 64 + jobs.quarter
    order = np.argsort(key)
    at = np.searchsorted(key[order], person * 64 + quarter + 2)
    wages[paid] = jobs.cents[order][at[paid]]
    assert np.median(wages[paid & took]) > 1.08 * np.median(wages[paid & ~took])


def test_children_in_care_miss_more_school(world: World) -> None:
    _, _, chronic, _ = absences(world)
    drawn = attendance(world.draws, world.school, world.care, 2)
    others = drawn.absent >= 0.1 * drawn.enrolled
    assert len(chronic) > 300
    assert chronic.mean() > others.mean() + 0.15


def test_fewer_return_after_rapid_rehousing(world: World) -> None:
    _, _, back, groups = returns(world)
    rapid = np.array(groups["project"]) == "rapid rehousing"
    assert rapid.sum() > 80
    assert back[rapid].mean() < back[~rapid].mean() - 0.04
