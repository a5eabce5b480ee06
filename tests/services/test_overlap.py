"""One task, one scheduled run at a time."""

from __future__ import annotations

from chalicelib.services import run_logs
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_task
from tests.services.sandboxes import FAILURE, Sandbox

EVERY_MINUTE = {"schedule_type": "cron", "cron_expression": "* * * * *"}


def test_a_retry_does_not_run_beside_the_next_occurrence(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE, retry_count=1, retry_interval=70)
    clock.advance(minutes=1)
    sandbox.run_due(FAILURE)
    clock.advance(minutes=1)
    (second,) = queue.take()
    sandbox.claim(second)

    clock.advance(seconds=10)

    assert sandbox.run_due() == []
    retry = next(row for row in log_rows(platform) if row["retry_count"] == 1)
    assert (retry["status"], retry["skip_reason"]) == ("skipped", "overlap")


def test_a_silent_run_cannot_come_back_to_life_beside_the_next_one(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    """Its lease has passed, and no tick has looked since."""
    make_task(platform, **EVERY_MINUTE)
    clock.advance(minutes=1)
    silent = sandbox.claim(queue.take()[0])
    clock.advance(minutes=1)

    (run,) = sandbox.run_due()

    assert run["scheduled_for"] == "2026-11-23T00:02:00Z"
    assert sandbox.beat(silent)["error"]["code"] == "refused"
    assert sandbox.report(silent, FAILURE)["error"]["code"] == "refused"
    assert log_rows(platform)[0]["error_kind"] == "lost"


def test_a_run_whose_signs_of_life_only_came_late_goes_on_if_nothing_took_its_place(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform)
    clock.advance(minutes=5)
    dispatch(platform)
    late = sandbox.claim(queue.take()[0])

    clock.advance(minutes=1)

    assert sandbox.beat(late)["ok"]
    assert sandbox.report(late, FAILURE)["ok"]


def test_an_occurrence_is_not_missed_for_one_that_was_cancelled(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform, **EVERY_MINUTE)
    clock.advance(minutes=2)
    dispatch(platform)
    first, second = sorted(queue.take(), key=lambda event: str(event["due_at"]))

    run_logs.cancel(platform, ADMIN, second["log_id"])

    assert sandbox.claim(first)["answer"]["run"]
