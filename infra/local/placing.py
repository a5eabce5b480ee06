"""Which waiting event gets which environment, and when environments are made and ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from infra.local.environment import State
from infra.local.waiting import Waiting


@dataclass(frozen=True)
class Limits:
    """How many environments, and how long (s) things may take."""

    #: So many are at work at once; one that is at its event for longer than `patience_seconds`
    #: does not count, since most that take long sleep.
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    #: So many there are at most, the idle ones included; 0: four per core.
    most: int = 0
    idle_seconds: float = 300
    event_age_seconds: float = 60
    init_seconds: float = 30
    patience_seconds: float = 0.5
    #: A tenant that always has work keeps an environment so long when others need the place.
    turn_seconds: float = 2

    @property
    def most_environments(self) -> int:
        return self.most or 4 * self.cores


class Place(Protocol):
    """What is decided about: an environment."""

    @property
    def tenant(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def began(self) -> float:
        """When it got its first event; infinity before."""
        ...

    @property
    def since(self) -> float:
        """When it came into its state."""
        ...

    def end(self) -> None: ...


P = TypeVar("P", bound=Place)


class Placing(Generic[P]):
    """Decides; `begin` makes an environment for a tenant, `hand` gives one its tenant's next event.

    Three rules, in this order, whenever something has changed:

    1. A tenant that waits and has no environment gets one.
    2. Each idle environment gets its tenant's next event.
    3. A tenant that still waits gets one more.

    The first comes before the second so that a tenant with a thousand events cannot keep the
    others out. Both make no more than `cores` busy, but for a tenant of rule 1 that has waited
    for longer than `patience_seconds`; and in rule 3 only while processors have time to spare, so
    that a burst is not slowed down by the starts of processes.
    """

    def __init__(
        self,
        limits: Limits,
        waiting: Waiting,
        environments: Iterable[P],
        begin: Callable[[str], None],
        hand: Callable[[P], None],
        spare: Callable[[], bool],
    ) -> None:
        self._limits = limits
        self._waiting = waiting
        self._environments = environments
        self._begin = begin
        self._hand = hand
        self._spare = spare
        #: No environment is made before this instant.
        self.not_before = 0.0

    def place(self, now: float) -> None:
        """Do all that can be done now; costs no more for many who wait than for few."""
        while (tenant := self._newcomer()) is not None and self._admits(tenant, now):
            self._start(tenant)
        for environment in self._in_state(State.IDLE):
            if self._waiting.count(environment.tenant):
                self._hand(environment)
        while self._working(now) < self._limits.cores and self._grow(now, patience=0):
            pass

    def relieve(self, now: float) -> None:
        """One environment more if events wait although processors are idle; call now and then."""
        patience = self._limits.patience_seconds
        overdue = any(now - self._waiting.since(t) > patience for t in self._waiting.tenants())
        if overdue and self._spare():
            self._grow(now, patience)

    def _newcomer(self) -> str | None:
        """The first tenant in turn that has no environment."""
        present = {e.tenant for e in self._environments if e.state is not State.ENDING}
        return next((t for t in self._waiting.tenants() if t not in present), None)

    def _admits(self, tenant: str, now: float) -> bool:
        cores = self._limits.cores
        overdue = now - self._waiting.since(tenant) > self._limits.patience_seconds
        few_start = len(self._in_state(State.STARTING)) < cores
        return (self._working(now) < cores or (overdue and few_start)) and self._room(
            now, give_way=True
        )

    def _grow(self, now: float, patience: float) -> bool:
        starting = [e.tenant for e in self._in_state(State.STARTING)]
        for tenant in self._waiting.tenants():
            wants = self._waiting.count(tenant) > starting.count(tenant)
            if wants and now - self._waiting.since(tenant) >= patience:
                if not self._room(now, give_way=False):
                    return False
                self._start(tenant)
                return True
        return False

    def _start(self, tenant: str) -> None:
        self._begin(tenant)
        self._waiting.pass_turn(tenant)

    def _room(self, now: float, give_way: bool) -> bool:
        """Whether one more may be made, after ending an idle one if that is what it takes.

        With `give_way` it may be that of a tenant with work, once it has had its turn.
        """
        if now < self.not_before:
            return False
        living = sum(1 for e in self._environments if e.state is not State.ENDING)
        if living < self._limits.most_environments:
            return True
        idle = self._in_state(State.IDLE)
        useless = [e for e in idle if not self._waiting.count(e.tenant)]
        served = [e for e in idle if give_way and now - e.began > self._limits.turn_seconds]
        if not (useless or served):
            return False
        min(useless or served, key=lambda e: e.since).end()
        return True

    def _working(self, now: float) -> int:
        patience = self._limits.patience_seconds
        return sum(
            e.state is State.STARTING or (e.state is State.BUSY and now - e.since <= patience)
            for e in self._environments
        )

    def _in_state(self, state: State) -> list[P]:
        return [e for e in self._environments if e.state is state]
