"""Whatever happens, every occurrence is accounted for, and none runs twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock
from tests.services.chaos import MortalDatabase, ThreadQueue
from tests.services.simulation import FAR, VERY_FAR, World

#: An ordinary day, and an hour before Berlin's clocks are put back, or forward.
STARTS = (
    START,
    datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 0, tzinfo=UTC),
)


@pytest.fixture
def mortal(migrated_database: str) -> Iterator[MortalDatabase]:
    database = MortalDatabase(migrated_database)
    yield database
    database.close()


def simulate(
    platform: Platform, mortal: MortalDatabase, seed: int, steps: int, far: Sequence[float] = FAR
) -> None:
    clock = FakeClock(STARTS[seed % len(STARTS)])
    queue = ThreadQueue(clock, seed)
    platform = replace(platform, clock=clock, queue=queue, database=mortal)
    world = World(platform, mortal, queue, seed, far)
    world.live(steps)
    world.calm_down()
    world.check()


@pytest.mark.parametrize("seed", range(9))
def test_every_occurrence_is_accounted_for_in_a_world_where_all_breaks(
    platform: Platform, mortal: MortalDatabase, seed: int
) -> None:
    simulate(platform, mortal, seed, steps=40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 114))
def test_every_occurrence_is_accounted_for_over_many_hours(
    platform: Platform, mortal: MortalDatabase, seed: int
) -> None:
    simulate(platform, mortal, seed, steps=150, far=VERY_FAR)
