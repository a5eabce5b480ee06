"""`/api/overview`, and what a log tells of its times."""

from __future__ import annotations

import pytest

from chalicelib.services import tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock
from tests.routes.api import TASK, Api
from tests.services.rows import ADMIN
from tests.services.sandboxes import Sandbox


def test_a_log_tells_when_it_was_planned_sent_started_and_ended_and_how_late(
    api: Api, platform: Platform, clock: FakeClock, sandbox: Sandbox
) -> None:
    api.post("/api/scheduled-tasks", TASK)
    clock.advance(minutes=3)
    dispatch(platform)
    clock.advance(minutes=2, seconds=1.5)
    sandbox.run_due()

    (log,) = api.get("/api/task-logs").body["items"]

    assert log["created_at"] == log["sent_at"] == "2026-11-23T00:03:00Z"
    assert log["due_at"] == "2026-11-23T00:05:00Z"
    assert log["started_at"] == log["finished_at"] == "2026-11-23T00:05:01.500000Z"
    assert (log["lateness_ms"], log["skip_text"]) == (1500, None)
    assert api.get(f"/api/task-logs/{log['id']}").body == log


def test_what_was_skipped_says_why_in_words(
    installed: Platform, api: Api, clock: FakeClock
) -> None:
    made = api.post("/api/scheduled-tasks", {**TASK, "time_points": ["08:01"]}).body
    tasks.toggle_task(installed, ADMIN, made["id"], False)

    (english,) = api.get("/api/task-logs?status=skipped").body["items"]
    api.headers["Accept-Language"] = "zh"
    (chinese,) = api.get(f"/api/scheduled-tasks/{made['id']}/logs").body["items"]

    assert english["skip_reason"] == chinese["skip_reason"] == "rescheduled"
    assert english["skip_text"] == "the schedule was changed, or the task switched off"
    assert chinese["skip_text"] == "调度已更改或任务已停用"
    assert english["lateness_ms"] is None


def test_the_overview_is_of_the_last_day_or_of_the_span_asked_for(api: Api, acme: Api) -> None:
    made = acme.post("/api/scheduled-tasks", TASK).body
    acme.call("POST", f"/api/scheduled-tasks/{made['id']}/run")
    api.headers["Accept-Language"] = "en"

    day = api.get("/api/overview").body
    later = "from=2026-11-23T08:00:00%2B08:00&to=2026-11-23T08:00:01%2B08:00"
    own = acme.get(f"/api/overview?{later}&tenant_id=umbrella").body
    other = api.get(f"/api/overview?{later}&tenant_id=umbrella").body

    assert (day["from"], day["to"]) == ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
    assert (own["from"], own["total"], own["tenant_id"]) == ("2026-11-23T00:00:00Z", 1, "acme")
    assert own["by_status"]["queued"] == own["by_trigger"]["manual"] == 1
    assert "tenants" not in own
    assert (other["total"], other["tenants"]) == (0, [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-11-23T08:00:00", "to"),
        ("to=0001-01-01T00:00:00Z", "to"),
        ("from=2026-11-23T08:00:00Z&to=2026-11-23T08:00:00Z", "to"),
        ("from=2026-01-01T00:00:00Z&to=2026-11-23T08:00:00Z", "from"),
    ],
)
def test_a_span_that_is_none_is_refused(api: Api, query: str, field: str) -> None:
    answer = api.get(f"/api/overview?{query}")

    assert (answer.status, answer.fields()) == (422, [field])
