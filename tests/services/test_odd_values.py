"""Values that no database, or no JSON, was made for: a report of them is kept, and kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.access import Principal, Role
from chalicelib.domain.errors import NotFound
from chalicelib.gateways.queue import Message
from chalicelib.repositories.tasks import TaskFilter
from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.pages import Page
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.chaos import QueueBroke
from tests.services.rows import ADMIN, log_rows, make_channel, make_task, statuses
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SHARED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def claimed_run(platform: Platform, sandbox: Sandbox, **fields: Any) -> dict[str, Any]:
    started = tasks.run_task(platform, ADMIN, make_task(platform, **fields).id)
    events = [e for e in sandbox.queue.take() if e.get("log_id") == started["log_id"]]
    return sandbox.claim(events[0])


@SHARED
@given(output=st.text(max_size=200), error=st.text(max_size=200), result=JSON)
def test_any_text_and_any_result_come_back_as_they_were(
    platform: Platform, sandbox: Sandbox, output: str, error: str, result: Any
) -> None:
    claimed = claimed_run(platform, sandbox)

    sandbox.report(claimed, {**SUCCESS, "error": error, "result": result}, output)

    log = run_logs.get_log(platform, ADMIN, claimed["log_id"])
    assert (log["output"], log["error"], log["result"]) == (output, error, result)


@pytest.mark.parametrize("odd", ["\ud800", "a\udcff", "\udfff\ud800"])
def test_half_a_character_costs_a_mark_and_not_the_report(
    platform: Platform, sandbox: Sandbox, odd: str
) -> None:
    claimed = claimed_run(platform, sandbox)

    answer = sandbox.report(
        claimed, {**FAILURE, "error": f"x{odd}", "result": {odd: [odd]}}, f"out{odd}"
    )

    assert answer["ok"]
    (row,) = log_rows(platform)
    assert (row["status"], row["error"][0], row["output"][:3]) == ("failed", "x", "out")


def test_texts_of_megabytes_are_kept_and_the_task_has_their_end(
    platform: Platform, sandbox: Sandbox
) -> None:
    claimed = claimed_run(platform, sandbox)

    sandbox.report(claimed, {**FAILURE, "error": "错" * 1_000_000 + "end"}, "😀" * 500_000)

    (row,) = log_rows(platform)
    assert (len(row["error"]), len(row["output"])) == (1_000_003, 500_000)
    (task,) = tasks.list_tasks(platform, TaskFilter(), Page(1, 20))["items"]
    assert task["last_run_message"] == "错" * 997 + "end"


@pytest.mark.parametrize(
    "odd",
    [
        {"errcode": 10**12, "errmsg": "ok"},
        {"errcode": -(10**12), "errmsg": "ok"},
        {"errcode": 1, "errmsg": "长" * 70_000},
        {"errcode": 1, "errmsg": "half \ud83d"},
    ],
)
def test_whatever_a_robot_answers_its_message_is_not_sent_again(
    platform: Platform, clock: FakeClock, sandbox: Sandbox, odd: dict[str, Any]
) -> None:
    claimed = claimed_run(platform, sandbox, notify_channels=[make_channel(platform)])
    answer = sandbox.report(claimed, {**SUCCESS, "result": 1})
    receipt = {"id": answer["deliveries"][0]["id"], "status": "sent", **odd}

    assert sandbox.ask("receipts", token=answer["token"], receipts=[receipt])["ok"]
    clock.advance(minutes=4)
    dispatch(platform)

    assert [e for e in sandbox.queue.take() if e["kind"] == "deliver"] == []


def test_output_that_comes_late_cuts_nothing_off(platform: Platform, sandbox: Sandbox) -> None:
    """A beat that timed out is repeated with more; the first may yet arrive after that."""
    claimed = claimed_run(platform, sandbox)
    held = {key: claimed[key] for key in ("log_id", "token", "nonce")}

    sandbox.ask("heartbeat", **held, offset=0, output="abcd")
    sandbox.ask("heartbeat", **held, offset=0, output="ab")
    sandbox.ask("report", **held, outcome=SUCCESS, offset=4, output="ef")

    assert log_rows(platform)[0]["output"] == "abcdef"


def test_tenants_that_differ_in_case_alone_are_two(platform: Platform, clock: FakeClock) -> None:
    lower = make_task(platform, tenant_id="acme")
    make_task(platform, tenant_id="ACME")
    started = tasks.run_task(platform, ADMIN, lower.id)
    stranger = Principal(3, "x", "ACME", Role.admin)

    with pytest.raises(NotFound):
        tasks.get_task(platform, stranger, lower.id)
    with pytest.raises(NotFound):
        run_logs.get_log(platform, stranger, started["log_id"])
    with pytest.raises(NotFound):
        run_logs.cancel(platform, stranger, started["log_id"])


class _Broken(FakeQueue):
    def send(self, messages: Sequence[Message]) -> list[int]:
        raise QueueBroke


def test_a_queue_that_breaks_does_not_make_a_saved_task_look_unsaved(
    platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    """Whoever is told that it failed makes it a second time."""
    clock.advance(minutes=4)
    broken = replace(platform, queue=_Broken(clock))

    task = make_task(broken)
    tasks.toggle_task(broken, ADMIN, task.id, True)
    tasks.run_task(broken, ADMIN, task.id)
    dispatch(platform)
    clock.advance(minutes=1)

    assert len(sandbox.run_due()) == 2
    assert sorted(statuses(platform)) == ["success", "success"]
