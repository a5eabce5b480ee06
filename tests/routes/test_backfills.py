"""Backfills over HTTP."""

from __future__ import annotations

from chalicelib.services.platform import Platform
from tests.routes.api import TASK, Api
from tests.routes.conftest import key
from tests.services.sandboxes import Sandbox

SPAN = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-23T08:00:00+08:00"}


def test_a_backfill_is_shown_started_and_run(api: Api, acme: Api, sandbox: Sandbox) -> None:
    made = acme.post("/api/scheduled-tasks", TASK).body
    path = f"/api/scheduled-tasks/{made['id']}/backfill"

    shown = acme.post(path, {**SPAN, "dry_run": True})
    started = acme.post(path, SPAN)
    (first,) = sandbox.run_due()
    logs = acme.get(f"/api/scheduled-tasks/{made['id']}/logs").body["items"]

    assert shown.status == 200
    assert shown.body == {
        "count": 3,
        "first": "2026-11-20T00:05:00Z",
        "last": "2026-11-22T00:05:00Z",
        "instants": [f"2026-11-{day}T00:05:00Z" for day in (20, 21, 22)],
    }
    assert started.status == 202
    assert started.body["log_ids"] == sorted(log["id"] for log in logs)
    assert first["scheduled_for"] == "2026-11-20T00:05:00Z"
    assert {(log["trigger_type"], log["lateness_ms"]) for log in logs} == {("backfill", None)}
    assert acme.post(path, SPAN).body["code"] == "backfill_going_on"


def test_the_rest_of_a_backfill_is_cancelled(acme: Api, sandbox: Sandbox) -> None:
    made = acme.post("/api/scheduled-tasks", TASK).body
    path = f"/api/scheduled-tasks/{made['id']}/backfill"
    acme.post(path, SPAN)

    cancelled = acme.post(f"{path}/cancel")

    assert (cancelled.status, cancelled.body) == (200, {"cancelled": 3, "running": []})
    assert sandbox.run_due() == []


def test_who_may_not_run_a_task_may_not_fill_it_in(
    installed: Platform, acme: Api, umbrella: Api
) -> None:
    made = acme.post("/api/scheduled-tasks", TASK).body
    path = f"/api/scheduled-tasks/{made['id']}/backfill"
    viewer = Api(key(installed, "acme", "viewer"))

    assert viewer.post(path, SPAN).status == 403
    assert umbrella.post(path, {**SPAN, "dry_run": True}).status == 404
    assert umbrella.post(f"{path}/cancel").status == 404


def test_fields_that_are_wrong_are_named_as_they_were_sent(acme: Api) -> None:
    made = acme.post("/api/scheduled-tasks", TASK).body
    path = f"/api/scheduled-tasks/{made['id']}/backfill"

    assert acme.post(path, {}).fields() == ["from", "to"]
    assert acme.post(path, {**SPAN, "start": "x"}).fields() == ["start"]
    assert acme.post(path, {**SPAN, "dry_run": "yes"}).fields() == ["dry_run"]
