"""Whatever happens, every occurrence is accounted for, and none runs twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.services.platform import Platform
from tests.services.chaos import MortalDatabase
from tests.services.simulation import VERY_FAR, simulate


@pytest.fixture
def mortal(migrated_database: str) -> Iterator[MortalDatabase]:
    database = MortalDatabase(migrated_database)
    yield database
    database.close()


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
