"""Pauses and maintenance windows: what is due in one is skipped, decided at the claim."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.access import Principal, Role
from chalicelib.services import holds, maintenance, tasks, tenants
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

EVERY_MINUTE = {"schedule_type": "cron", "cron_expression": "* * * * *"}
OPERATOR = Principal(3, "acme's operator", "acme", Role.operator)


def reasons(platform: Platform) -> list[str]:
    return [row["skip_reason"] or row["status"] for row in log_rows(platform)]


def window(platform: Platform, first: int, last: int, **fields: Any) -> int:
    """A maintenance window between two minutes of the test."""
    times = {
        "starts_at": (START + timedelta(minutes=first)).isoformat(),
        "ends_at": (START + timedelta(minutes=last)).isoformat(),
    }
    made = maintenance.create_window(platform, ADMIN, {"reason": "move", **times, **fields})
    return int(made["id"])


def minute_by_minute(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, minutes: int
) -> list[str]:
    """Live on for some minutes; the minutes for which something ran."""
    done = []
    for _ in range(minutes):
        clock.advance(minutes=1)
        dispatch(platform)
        done += [run["scheduled_for"][14:16] for run in sandbox.run_due()]
    return done


def test_what_is_due_during_a_pause_is_skipped_and_then_it_goes_on(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE)
    before = minute_by_minute(platform, clock, sandbox, 1)
    holds.pause(platform, ADMIN, {"reason": "sale"})
    meanwhile = minute_by_minute(platform, clock, sandbox, 2)
    holds.resume(platform, ADMIN, {})
    after = minute_by_minute(platform, clock, sandbox, 1)

    assert (before, meanwhile, after) == (["01"], [], ["04"])
    assert reasons(platform)[:4] == ["success", "paused: sale", "paused: sale", "success"]


def test_what_was_due_during_a_pause_does_not_run_after_it(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE)
    clock.advance(seconds=50)
    holds.pause(platform, ADMIN, {})
    clock.advance(seconds=20)
    holds.resume(platform, ADMIN, {})

    assert sandbox.run_due() == []
    assert reasons(platform)[0] == "paused"


def test_what_runs_when_a_pause_begins_goes_on_and_is_not_tried_again_in_it(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, time_points=["08:01"], retry_count=1, retry_interval=60)
    clock.advance(minutes=1)
    running = sandbox.claim(queue.take()[0])
    holds.pause(platform, ADMIN, {})

    assert sandbox.beat(running)["ok"]
    assert sandbox.report(running, FAILURE)["ok"]
    clock.advance(minutes=1)
    dispatch(platform)

    assert sandbox.run_due() == []
    assert reasons(platform) == ["failed", "paused"]


def test_a_pause_of_one_tenant_is_no_other_tenants(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    for tenant in ("acme", "other", None):
        make_task(platform, tenant_id=tenant, time_points=["08:01"])
    holds.pause(platform, OPERATOR, {})
    holds.pause(platform, ADMIN, {"tenant_id": "_platform"})
    clock.advance(minutes=1)

    assert [run["tenant_id"] for run in sandbox.run_due()] == ["other"]
    assert reasons(platform) == ["paused", "success", "paused"]


def test_to_resume_a_tenant_does_not_resume_the_platform(platform: Platform) -> None:
    holds.pause(platform, ADMIN, {})
    holds.pause(platform, OPERATOR, {})

    own = holds.resume(platform, OPERATOR, {})
    whole = holds.resume(platform, ADMIN, {})

    assert own == {"tenant_id": "acme", "resumed": True, "paused": True}
    assert whole == {"tenant_id": None, "resumed": True, "paused": False}
    assert holds.resume(platform, ADMIN, {})["resumed"] is False


def test_a_second_pause_is_the_first(platform: Platform, clock: FakeClock) -> None:
    first = holds.pause(platform, ADMIN, {"reason": "a"})
    clock.advance(minutes=1)

    assert holds.pause(platform, ADMIN, {"reason": "b"}) == first


def test_a_run_by_hand_goes_ahead_with_a_warning(platform: Platform, sandbox: Sandbox) -> None:
    task = make_task(platform)
    without = tasks.run_task(platform, ADMIN, task.id, language="en")
    holds.pause(platform, ADMIN, {"reason": "sale"})

    answer = tasks.run_task(platform, ADMIN, task.id, language="en")

    assert "warning" not in without
    assert answer["warning"].startswith("schedules paused: sale; this run goes ahead")
    assert len(sandbox.run_due()) == 2


def test_what_is_due_in_a_window_is_skipped_with_its_name(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE)
    number = window(platform, 2, 4, reason="数据库升级")

    assert minute_by_minute(platform, clock, sandbox, 5) == ["01", "04", "05"]
    named = f"maintenance: #{number} 数据库升级"
    assert reasons(platform)[1:3] == [named, named]


def test_an_occurrence_in_a_window_counts_by_its_time_and_not_by_its_jitter(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, time_points=["08:01"], jitter_seconds=3600)
    window(platform, 1, 2)
    for _ in range(65):
        clock.advance(minutes=1)
        dispatch(platform)
        sandbox.run_due()

    assert [reason.partition(":")[0] for reason in reasons(platform)] == ["maintenance"]


def test_what_would_start_late_into_a_window_is_skipped_too(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, time_points=["08:01"])
    window(platform, 2, 9)
    clock.advance(minutes=3)

    assert sandbox.run_due() == []
    assert reasons(platform)[0].startswith("maintenance")


def test_what_waited_for_its_turn_is_skipped_if_that_comes_in_a_window(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, overlap_policy="queue")
    clock.advance(minutes=1)
    running = sandbox.claim(queue.take()[0])
    for _ in range(2):
        clock.advance(seconds=30)
        sandbox.beat(running)
    (second,) = queue.take()
    assert sandbox.claim(second)["answer"]["reason"].startswith("waits for task:")
    clock.advance(seconds=30)
    # The occurrence was due at 08:02, before the window.
    number = window(platform, 2, 3, starts_at=(START + timedelta(seconds=140)).isoformat())

    sandbox.report(running, SUCCESS)

    assert sandbox.run_due() == []
    assert reasons(platform)[:2] == ["success", f"maintenance: #{number} move"]


@pytest.mark.parametrize("policy", ["run_once", "all"])
def test_what_an_outage_and_a_window_have_in_common_is_the_windows(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, policy: str
) -> None:
    """What ran out before the window is still worth a run after it."""
    make_task(platform, time_points=["08:04", "08:05", "08:06"], missed_policy=policy)
    number = window(platform, 5, 10)
    clock.advance(minutes=20)
    dispatch(platform)

    assert [run["scheduled_for"][14:16] for run in sandbox.run_due()] == ["04"]
    assert reasons(platform)[1:] == [f"maintenance: #{number} move"] * 2


def test_a_change_after_an_outage_in_a_window_leaves_the_reason(
    platform: Platform, clock: FakeClock
) -> None:
    task = make_task(platform, time_points=["08:05", "08:06"])
    number = window(platform, 5, 10)
    clock.advance(minutes=20)

    tasks.update_task(platform, ADMIN, task.id, {"time_points": ["09:00"]})

    assert reasons(platform) == [f"maintenance: #{number} move"] * 2


def test_a_window_that_is_taken_back_or_moved_holds_nothing_up(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE)
    gone, moved = window(platform, 1, 3), window(platform, 1, 3)
    maintenance.delete_window(platform, ADMIN, gone)
    later = (START + timedelta(minutes=2)).isoformat()
    maintenance.update_window(platform, ADMIN, moved, {"starts_at": later})

    assert minute_by_minute(platform, clock, sandbox, 3) == ["01", "03"]


def test_a_tenant_that_is_deleted_leaves_no_pause_behind(platform: Platform) -> None:
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})
    holds.pause(platform, ADMIN, {"tenant_id": "acme"})
    tenants.delete_tenant(platform, ADMIN, "acme")
    tenants.create_tenant(platform, ADMIN, {"tenant_id": "acme"})

    assert holds.resume(platform, ADMIN, {"tenant_id": "acme"})["resumed"] is False
