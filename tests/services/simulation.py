"""A world in which everything that may go wrong does: users, ticks, sandboxes, queue, database."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock
from tests.services.chaos import MortalDatabase, ThreadQueue, is_death
from tests.services.fates import Fate, Sandboxes
from tests.services.ledger import Ledger, Tally, tally
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import SUCCESS, Sandbox

SCHEDULES: Sequence[dict[str, Any]] = (
    {"schedule_type": "cron", "cron_expression": "* * * * *"},
    {"schedule_type": "cron", "cron_expression": "*/2 * * * *", "timezone": "Europe/Berlin"},
    {"schedule_type": "cron", "cron_expression": "1-59/3 * * * *"},
    {"schedule_type": "cron", "cron_expression": "7 * * * 1-5"},
    {"schedule_type": "cron", "cron_expression": "30 2 29 * *"},
    {"schedule_type": "simple", "time_points": ["08:05", "08:30", "09:00", "11:11"]},
)
_ALIVE = ("queued", "running")
WISHES = ("create", "update", "update", "toggle", "toggle", "delete", "run", "cancel", "describe")
MOVES = (0.3, 5, 20, 59.7, 60, 60, 60, 61, 180, 600)
DESCRIBED = {"task_desc": "x"}
#: What the clock rarely leaps; over 1000 occurrences of the densest schedule are summed up.
FAR = (3600, 3 * 3600)
VERY_FAR = (*FAR, 20 * 3600)
#: An ordinary day, and an hour before Berlin's clocks are put back, or forward.
STARTS = (
    START,
    datetime(2026, 10, 25, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 0, tzinfo=UTC),
)


class World:
    """Everything but the platform, which it shakes; a seed decides all but the order of threads."""

    def __init__(
        self,
        platform: Platform,
        database: MortalDatabase,
        queue: ThreadQueue,
        seed: int,
        far: Sequence[float] = FAR,
    ) -> None:
        self._far = far
        self.platform, self.database, self.queue = platform, database, queue
        assert isinstance(platform.clock, FakeClock)
        self.clock = platform.clock
        self.chance = random.Random(seed)
        self.ledger = Ledger()
        self.errors: list[BaseException] = []
        sandbox = Sandbox(platform, queue)  # type: ignore[arg-type]
        self.sandboxes = Sandboxes(sandbox, queue, self._guarded)
        self._channels = [make_channel(platform, channel_name=f"c{n}") for n in range(2)]
        self._channels.append(make_channel(platform, is_enabled=False))
        for _ in range(6):
            make_task(platform, **self._spec())
        self._observe()

    def live(self, steps: int) -> None:
        """So many moments, between which the clock moves."""
        for _ in range(steps):
            self.queue.mood = self.chance.choice(ThreadQueue.MOODS)
            moment = self._moment()
            self.database.kill_after(self.chance.randrange(1, 60) if self._rarely() else 0)
            self._at_once(moment)
            self._observe()
            self.clock.advance(seconds=self.chance.choice(self._far if self._rarely() else MOVES))

    def calm_down(self) -> None:
        """All is well from now on, for longer than any patience lasts."""
        self.queue.mood = "well"
        self.database.kill_after(0)
        fate = Fate("works", SUCCESS, "sent")
        for minutes in (0, 1, 1, 1, 2, 3, 5, 10, 20, 40, 1, 1, 1, 1):
            self.clock.advance(minutes=minutes)
            # Three ticks: a message, its claim and its report, the retry after that.
            for seconds in (0, 0, 50):
                self.clock.advance(seconds=seconds)
                self._guarded(lambda: dispatch(self.platform))
                # What waits for another goes out when that has ended.
                while self.sandboxes.play([fate]):
                    pass
            self._observe()

    def check(self) -> Tally:
        """Raise AssertionError for what is missing, extra or untrue; else what there was."""
        if self.errors:
            raise BaseExceptionGroup("what no death explains", self.errors)
        started = self.sandboxes.started.items()
        twice = {log_id: nonces for log_id, nonces in started if len(nonces) > 1}
        assert not twice, "an attempt was given to two environments"
        with self.platform.database.transaction() as tx:
            self.ledger.check(tx, self.clock.now(), self.sandboxes.alive)
            return tally(tx)

    def _rarely(self) -> bool:
        return self.chance.random() < 0.12

    def _moment(self) -> list[Callable[[], object]]:
        """What happens at the same time: ticks, sandboxes, a user; each may be absent."""
        ticks = self.chance.choice([0, 1, 1, 1, 2, 3])
        fates = [Fate.drawn(self.chance) for _ in range(20)]
        happens: list[Callable[[], object]] = [lambda: dispatch(self.platform)] * ticks
        if self.chance.random() < 0.8:
            happens += [lambda: self.sandboxes.play(fates[::2])]
            happens += [lambda: self.sandboxes.play(fates[1::2])]
        if self.chance.random() < 0.5:
            happens.append(self._wish())
        self.chance.shuffle(happens)
        return happens

    def _at_once(self, happens: Sequence[Callable[[], object]]) -> None:
        if self.chance.random() < 0.5:  # or one after the other
            for work in happens:
                self._guarded(work)
            return
        threads = [Thread(target=self._guarded, args=(work,)) for work in happens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (NotFound, Conflict):
            pass  # what a user asked for is no longer possible
        except Exception as error:
            if not is_death(error):
                self.errors.append(error)

    def _observe(self) -> None:
        self.database.kill_after(0)
        with self.platform.database.transaction() as tx:
            self.ledger.observe(tx, self.clock.now())

    def _spec(self) -> dict[str, Any]:
        return {
            **self.chance.choice(SCHEDULES),
            "retry_count": self.chance.choice([0, 0, 1, 3]),
            "retry_interval": self.chance.choice([1, 30, 60, 200, 1000]),
            "notify_channels": self.chance.sample(self._channels, self.chance.randrange(4)),
            "is_enabled": self.chance.random() < 0.85,
            "missed_policy": self.chance.choice(["run_once", "run_once", "skip", "all"]),
            "missed_window_seconds": self.chance.choice([60, 900, 3600]),
            "overlap_policy": self.chance.choice(["skip", "skip", "allow", "queue"]),
            "concurrency_key": self.chance.choice([None, None, "warehouse", "report"]),
            "retry_backoff": self.chance.choice(["fixed", "exponential"]),
            "jitter_seconds": self.chance.choice([0, 0, 20, 59]),
            "alert_on_failure": self.chance.random() < 0.7,
            "alert_webhook": self.chance.choice([None, "https://hooks.example.com/T0"]),
        }

    def _wish(self) -> Callable[[], object]:
        """What a user does, on a task or an attempt that may be gone by then."""
        spec = self._spec()
        kind = self.chance.choice(WISHES)
        if kind == "create":
            return lambda: make_task(self.platform, **spec)
        if kind == "cancel":
            alive = [r["id"] for r in log_rows(self.platform) if r["status"] in _ALIVE]
            log_id = self.chance.choice(alive or [0])
            return lambda: run_logs.cancel(self.platform, ADMIN, log_id)
        task_id = self.chance.choice([*self.ledger.periods])
        if self.chance.random() < 0.5:  # deletions are to leave some
            kind = kind.replace("delete", "toggle")
        wishes: dict[str, Callable[[], object]] = {
            "update": lambda: tasks.update_task(self.platform, ADMIN, task_id, spec),
            "describe": lambda: tasks.update_task(self.platform, ADMIN, task_id, DESCRIBED),
            "toggle": lambda: tasks.toggle_task(self.platform, ADMIN, task_id, None),
            "delete": lambda: tasks.delete_task(self.platform, ADMIN, task_id),
            "run": lambda: tasks.run_task(self.platform, ADMIN, task_id),
        }
        return wishes[kind]


def simulate(
    platform: Platform, mortal: MortalDatabase, seed: int, steps: int, far: Sequence[float] = FAR
) -> Tally:
    """One world from its start to its end; raises AssertionError for what is not accounted for."""
    clock = FakeClock(STARTS[seed % len(STARTS)])
    queue = ThreadQueue(clock, seed)
    platform = replace(platform, clock=clock, queue=queue, database=mortal)
    world = World(platform, mortal, queue, seed, far)
    world.live(steps)
    world.calm_down()
    return world.check()
