"""What a task does about runs that were missed, or meet one that is going on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services import run_logs, tasks, tenants
from chalicelib.services.admitting import MOST_WAITING
from chalicelib.services.dispatching import dispatch
from chalicelib.services.ending import retry_delay
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task, start_test, statuses
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

EVERY_MINUTE = {"schedule_type": "cron", "cron_expression": "* * * * *"}


def reasons(platform: Platform) -> list[str]:
    return [row["skip_reason"] or row["status"] for row in log_rows(platform)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, ["missed", "missed", "missed", "missed", "queued"]),
        ({"missed_policy": "skip"}, ["missed", "missed", "missed", "missed", "queued"]),
        ({"missed_policy": "all"}, ["queued"] * 5),
        (
            {"missed_policy": "all", "missed_window_seconds": 120},
            ["missed", "missed", "queued", "queued", "queued"],
        ),
    ],
)
def test_what_was_missed_while_the_platform_was_down(
    platform: Platform, clock: FakeClock, policy: dict[str, Any], expected: list[str]
) -> None:
    make_task(platform, time_points=[f"08:1{n}" for n in range(5)], **policy)
    clock.advance(minutes=14)

    dispatch(platform)

    assert reasons(platform) == expected


def test_of_more_than_a_thousand_that_were_missed_the_oldest_are_summed_up_whatever_the_policy(
    platform: Platform, clock: FakeClock
) -> None:
    make_task(platform, **EVERY_MINUTE, missed_policy="all")
    clock.advance(minutes=1200)

    dispatch(platform)

    (summed,) = {reason for reason in reasons(platform) if reason.startswith("missed, as all")}
    assert summed == "missed, as all before it since 2026-11-23T00:03:00Z"
    assert reasons(platform).count("queued") > 1000


def test_a_task_that_skips_what_it_missed_does_not_run_late(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, missed_policy="skip")
    clock.advance(minutes=7)

    dispatch(platform)

    assert sandbox.run_due() == []
    assert reasons(platform) == ["missed"]


def test_all_that_was_missed_runs_one_after_the_other_if_it_queues(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(
        platform,
        time_points=["08:01", "08:02", "08:03"],
        missed_policy="all",
        overlap_policy="queue",
    )
    clock.advance(minutes=5)
    dispatch(platform)

    order = run_all(platform, sandbox)

    assert order == ["00:01", "00:02", "00:03"]


def run_all(platform: Platform, sandbox: Sandbox) -> list[str]:
    """Carry out what is due until nothing is; the minutes that runs were for."""
    done: list[str] = []
    while ran := sandbox.run_due():
        done += [run["scheduled_for"][11:16] for run in ran]
    return done


def test_what_meets_a_run_of_its_task_runs_beside_it_if_that_is_allowed(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, overlap_policy="allow")
    clock.advance(minutes=1)
    sandbox.claim(queue.take()[0])
    clock.advance(minutes=1)

    assert sandbox.claim(queue.take()[0])["answer"]["run"]


def test_what_meets_a_run_of_its_task_waits_for_its_turn_if_it_queues(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, overlap_policy="queue")
    clock.advance(minutes=1)
    first = sandbox.claim(queue.take()[0])
    for _ in range(2):
        clock.advance(seconds=40)
        dispatch(platform)
        sandbox.beat(first)
        for event in queue.take():
            assert sandbox.claim(event)["answer"]["reason"].startswith("waits for task:")

    sandbox.report(first, SUCCESS)

    assert run_all(platform, sandbox) == ["00:02"]
    assert statuses(platform)[:2] == ["success", "success"]


def test_those_that_wait_run_in_order_and_none_is_missed(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, overlap_policy="queue")
    clock.advance(minutes=1)
    first = sandbox.claim(queue.take()[0])
    for _ in range(12):
        clock.advance(seconds=30)
        dispatch(platform)
        sandbox.beat(first)
        for event in queue.take():
            sandbox.claim(event)

    sandbox.report(first, SUCCESS)

    assert run_all(platform, sandbox) == [f"00:0{n}" for n in range(2, 8)]


def test_a_hundred_may_wait_and_those_that_do_are_not_dropped(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, missed_policy="all", overlap_policy="queue")
    queue.lose_all()  # what was sent at once would come twice
    clock.advance(minutes=104)
    dispatch(platform)
    first, *others = sorted(queue.take(), key=lambda event: str(event["due_at"]))
    running = sandbox.claim(first)
    for event in others:
        sandbox.claim(event)
    too_many = len(others) - 100
    assert (too_many > 0, reasons(platform).count("overlap")) == (True, too_many)

    sandbox.report(running, SUCCESS)

    assert len(run_all(platform, sandbox)) == 100
    assert reasons(platform).count("overlap") == too_many


def test_one_that_waited_for_a_run_that_was_cancelled_goes_on(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, overlap_policy="queue")
    clock.advance(minutes=2)
    dispatch(platform)
    first, second = sorted(queue.take(), key=lambda event: str(event["due_at"]))
    sandbox.claim(second)

    run_logs.cancel(platform, ADMIN, first["log_id"])
    dispatch(platform)

    assert run_all(platform, sandbox) == ["00:02"]


def two_with_a_key(platform: Platform, **fields: Any) -> tuple[int, int]:
    key = {"concurrency_key": "warehouse", "is_enabled": False, **fields}
    one, other = make_task(platform, **key), make_task(platform, **key)
    return one.id, other.id


@pytest.mark.parametrize("policy", ["queue", "allow"])
def test_runs_with_one_key_never_run_at_once(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox, policy: str
) -> None:
    for task_id in two_with_a_key(platform, overlap_policy=policy):
        tasks.run_task(platform, ADMIN, task_id)
    first, second = queue.take()
    running = sandbox.claim(first)

    waits = sandbox.claim(second)["answer"]["reason"]
    sandbox.report(running, FAILURE)

    assert waits == "waits for key:_platform:warehouse"
    assert len(sandbox.run_due()) == 1


def test_a_run_with_a_taken_key_is_skipped_if_its_task_skips(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    for task_id in two_with_a_key(platform):
        tasks.run_task(platform, ADMIN, task_id)
    first, second = queue.take()
    sandbox.claim(first)

    assert sandbox.claim(second)["answer"] == {"ok": True, "run": None, "reason": "overlap"}


def test_another_tenants_key_is_another_key(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    for tenant in ("acme", "other"):
        task = make_task(platform, tenant_id=tenant, concurrency_key="k", overlap_policy="queue")
        tasks.run_task(platform, ADMIN, task.id)

    assert all(sandbox.claim(event)["answer"]["run"] for event in queue.take())


def test_a_tenant_has_no_more_runs_at_once_than_it_may(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    limited = replace(platform, settings=replace(platform.settings, tenant_max_running=2))
    sandbox.platform = limited
    for tenant in ("acme",) * 4 + ("other",):
        task = make_task(limited, tenant_id=tenant)
        tasks.run_task(limited, ADMIN, task.id)
    claimed = [sandbox.claim(event) for event in queue.take()]
    started = [one for one in claimed if one["answer"]["run"]]

    sandbox.report(started[0], SUCCESS)

    assert [one["answer"]["run"]["tenant_id"] for one in started] == ["acme", "acme", "other"]
    assert [len(sandbox.run_due()) for _ in range(3)] == [1, 1, 0]  # each end lets one go
    assert statuses(platform).count("success") == 3


def test_test_runs_count_among_those_of_their_tenant_and_wait_as_they_do(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme", "max_running": 1})
    for tenant in ("acme", "acme", "other"):
        start_test(platform, tenant_id=tenant)
    claimed = [sandbox.claim(event) for event in queue.take()]
    first, second, other = (one["answer"]["run"] for one in claimed)

    assert (first["tenant_id"], second, other["tenant_id"]) == ("acme", None, "other")
    sandbox.report(claimed[0], SUCCESS)
    assert [run["tenant_id"] for run in sandbox.run_due()] == ["acme"]
    assert statuses(platform) == ["success", "success", "running"]


def test_a_tenants_own_limit_goes_before_the_setting(
    platform: Platform, queue: FakeQueue, sandbox: Sandbox
) -> None:
    limited = replace(platform, settings=replace(platform.settings, tenant_max_running=1))
    sandbox.platform = limited
    tenants.create_tenant(limited, ADMIN, {"tenant_id": "acme", "max_running": 2})
    for _ in range(3):
        tasks.run_task(limited, ADMIN, make_task(limited, tenant_id="acme").id)

    started = [one for event in queue.take() if (one := sandbox.claim(event))["answer"]["run"]]
    tenants.update_tenant(limited, ADMIN, "acme", {"max_running": 0})
    sandbox.report(started[0], SUCCESS)

    assert len(started) == 2
    assert len(sandbox.run_due()) == 1


def test_who_waits_for_nobody_is_found_by_a_tick(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    task = make_task(platform, is_enabled=False)
    tasks.run_task(platform, ADMIN, task.id)
    with platform.database.transaction() as tx:
        tx.execute(
            "UPDATE platform_task_logs SET waits_for = 'task:99', sent_at = NULL, token_hash = NULL"
        )
    assert sandbox.run_due() == []

    clock.advance(minutes=1)
    dispatch(platform)

    assert len(sandbox.run_due()) == 1


def test_an_exponential_backoff_doubles_up_to_an_hour(platform: Platform) -> None:
    task = make_task(platform, retry_count=9, retry_interval=60, retry_backoff="exponential")

    delays = [retry_delay(task, n) // timedelta(minutes=1) for n in range(9)]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_who_waits_goes_on_waiting_when_its_message_comes_twice_and_as_many_wait_as_may(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, queue: FakeQueue
) -> None:
    make_task(platform, **EVERY_MINUTE, missed_policy="all", overlap_policy="queue")
    clock.advance(minutes=103)
    dispatch(platform)
    events = queue.take()
    for event in events:
        sandbox.claim(event)
    before = reasons(platform)
    assert sum(row["waits_for"] is not None for row in log_rows(platform)) == MOST_WAITING
    assert "overlap" in before

    for event in events:
        sandbox.claim(event)

    assert reasons(platform) == before
