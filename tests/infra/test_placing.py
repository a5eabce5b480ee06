"""Which event gets which environment, decided without processes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.environment import State
from infra.local.placing import Limits, Placing
from infra.local.runtime_api import Invocation
from infra.local.waiting import Waiting


@dataclass(eq=False)
class Place:
    """An environment that is ready at once and busy until it is told otherwise."""

    tenant: str
    since: float
    state: State = State.STARTING
    began: float = math.inf
    handed: int = 0

    def end(self) -> None:
        self.state = State.ENDING


class World:
    """Events, environments, and a clock that is set by hand."""

    def __init__(self, limits: Limits, spare: bool = False) -> None:
        self.now = 0.0
        self.waiting = Waiting()
        self.places: list[Place] = []
        self.ran: list[str] = []
        self.placing = Placing(
            limits, self.waiting, self.places, self.begin, self.hand, lambda: spare
        )

    def begin(self, tenant: str) -> None:
        self.places.append(Place(tenant, self.now))

    def hand(self, place: Place) -> None:
        self.ran.append(self.waiting.pop(place.tenant).request_id)
        place.state, place.since, place.began = State.BUSY, self.now, min(place.began, self.now)

    def come(self, *names: str) -> None:
        """Events whose first letter is their tenant."""
        for name in names:
            self.waiting.add(Invocation(name, name[0], b"", self.now))
        self.placing.place(self.now)

    def turn_idle(self, place: Place) -> None:
        place.state, place.since = State.IDLE, self.now
        self.placing.place(self.now)

    def step(self, seconds: float) -> None:
        """Time passes; then all are done with what they were at."""
        self.now += seconds
        for place in list(self.places):
            if place.state is State.ENDING:
                self.places.remove(place)
            else:
                self.turn_idle(place)
        self.placing.relieve(self.now)
        self.placing.place(self.now)

    def living(self) -> list[Place]:
        return [place for place in self.places if place.state is not State.ENDING]


def test_a_burst_of_short_events_makes_no_more_environments_than_cores() -> None:
    world = World(Limits(cores=2, most=8))
    world.come(*(f"a{number}" for number in range(100)))

    for _ in range(50):
        world.step(0.3)

    assert len(world.places) == 2


def test_events_that_wait_while_processors_are_idle_get_one_environment_more_each_time() -> None:
    world = World(Limits(cores=1, most=3), spare=True)
    world.come(*(f"a{number}" for number in range(100)))

    counts = []
    for _ in range(6):
        world.step(0.3)
        counts.append(len(world.places))

    assert counts == [1, 2, 3, 3, 3, 3]


def test_a_tenant_with_a_thousand_events_does_not_keep_others_out() -> None:
    world = World(Limits(cores=2, most=2, turn_seconds=1))
    world.come(*(f"a{number}" for number in range(1000)))
    world.step(0.1)

    world.come("b1", "c1")
    for _ in range(30):
        world.step(0.1)

    assert {"b1", "c1"} <= set(world.ran)


def test_one_that_sleeps_does_not_count_as_at_work() -> None:
    world = World(Limits(cores=1, most=2, patience_seconds=0.5))
    world.come("a1")
    world.step(0.1)
    world.now += 1

    world.come("b1")

    assert [place.tenant for place in world.places] == ["a", "b"]


def test_no_environment_is_made_during_a_pause() -> None:
    world = World(Limits(cores=1))
    world.placing.not_before = 5

    world.come("a1")
    assert world.places == []
    world.now = 5
    world.placing.place(world.now)
    assert len(world.places) == 1


def test_an_environment_that_is_ready_is_not_ended_before_it_served_its_tenant() -> None:
    world = World(Limits(cores=1, most=1, turn_seconds=0))
    world.come("a1", "b1")
    world.step(10)

    assert world.ran == ["a1"]


@given(
    events=st.lists(st.sampled_from("abcdefgh"), max_size=60),
    cores=st.integers(1, 3),
    factor=st.integers(1, 3),
    pace=st.sampled_from([0.05, 0.4, 1.5]),
    spare=st.booleans(),
)
def test_every_event_runs_once_and_the_cap_holds(
    events: list[str], cores: int, factor: int, pace: float, spare: bool
) -> None:
    world = World(Limits(cores=cores, most=cores * factor), spare)
    names = [f"{tenant}{number}" for number, tenant in enumerate(events)]
    world.come(*names)

    for step in itertools.count():
        assert len(world.living()) <= cores * factor
        if not world.waiting:
            break
        assert step < 2000
        world.step(pace)

    assert sorted(world.ran) == sorted(names)
    for tenant in set(events):
        mine = [name for name in world.ran if name[0] == tenant]
        assert mine == [name for name in names if name[0] == tenant]


@pytest.mark.parametrize("count", [1, 5])
def test_waiting_counts_what_is_there_and_drops_what_is_old(count: int) -> None:
    waiting = Waiting()
    for number in range(count):
        waiting.add(Invocation(f"{number}", "a", b"", since=number))

    old = waiting.pop_older(2)

    assert [invocation.request_id for invocation in old] == ["0", "1"][:count]
    assert len(waiting) == waiting.count("a") == count - len(old)
