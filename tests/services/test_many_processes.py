"""Eight dispatchers at once, each a process, while users write: nothing is doubled or lost.

`make test-claims` has 20,000 tasks due at once.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services import tasks
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeQueue
from tests.services.claimants import Claimants
from tests.services.rows import ADMIN, make_task
from tests.services.sandboxes import Sandbox

PROCESSES = 8
DUE = int(os.environ.get("ZHUNDIAN_DUE_TASKS", "1500"))


def fill(platform: Platform) -> list[int]:
    """The ids of tasks that are due at 08:02, by two kinds of schedules."""
    with platform.database.transaction() as tx:
        tx.insert_rows(
            "INSERT INTO platform_scheduled_tasks (task_name, schedule_type, time_points,"
            " cron_expression, script_content, next_run_at) VALUES",
            [
                (
                    f"t{n}",
                    ("simple", "cron")[n % 2],
                    (f'["08:02", "1{n % 10}:30"]', None)[n % 2],
                    (None, f"2 8,{n % 7} * * *")[n % 2],
                    "print(1)",
                    START + timedelta(minutes=2),
                )
                for n in range(DUE)
            ],
        )
        return [row["id"] for row in tx.all("SELECT id FROM platform_scheduled_tasks ORDER BY id")]


def write(platform: Platform, turn: int, due: list[int]) -> None:
    """What a user does through the API: a new task, and a change of one that is being planned."""
    task_id = due[turn * 37 % len(due)]
    make_task(platform, task_name=f"new {turn}", time_points=["20:00"])
    tasks.update_task(platform, ADMIN, task_id, {"task_desc": f"turn {turn}"})
    tasks.run_task(platform, ADMIN, task_id)


def rows_of(platform: Platform) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        return tx.all(
            "SELECT task_id, trace_id, scheduled_for, status FROM platform_task_logs"
            " WHERE trigger_type = 'schedule'"
        )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eight_processes_at_once_plan_and_claim_each_occurrence_once(
    platform: Platform, migrated_database: str, queue: FakeQueue, clock: FakeClock, sandbox: Sandbox
) -> None:
    due = fill(platform)
    claimants = Claimants(migrated_database, PROCESSES)
    turns = itertools.count()

    claimants.plan()
    while claimants.working():
        write(platform, next(turns), due)
    planned = claimants.results()
    clock.advance(minutes=3)
    events = [event for work in planned for event in work.sent]
    random.Random(1).shuffle(events)
    # Each message comes to two of them at about the same time.
    claimants.claim([events[n // 2 :: PROCESSES // 2] for n in range(PROCESSES)])
    while claimants.working():
        write(platform, next(turns), due)
    claimed = claimants.results()
    claimants.close()
    # A change sends the messages of its task itself.
    sandbox.run_due()

    assert [work.error for work in [*planned, *claimed] if work.error] == []
    won = Counter(log_id for work in claimed for log_id in work.won)
    assert {log_id for log_id, times in won.items() if times > 1} == set()
    assert sum(bool(work.won) for work in claimed) == PROCESSES
    rows = rows_of(platform)
    assert len({row["trace_id"] for row in rows}) == len(rows) == DUE
    assert sorted(row["task_id"] for row in rows) == due
    assert {row["scheduled_for"] for row in rows} == {START + timedelta(minutes=2)}
    assert Counter(row["status"] for row in rows) == {"success": DUE}
    assert next(turns) > 10
