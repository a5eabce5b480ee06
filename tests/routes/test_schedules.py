"""Previews of schedules, and a tenant's own working days, over HTTP."""

from __future__ import annotations

from tests.routes.api import TASK, Api

PREVIEW = "/api/scheduled-tasks/preview-schedule"


def test_a_schedule_is_previewed_before_it_is_saved(api: Api) -> None:
    spec = {"schedule_type": "cron", "cron_expression": "30 9 * * 1-5", "count": 2}

    answer = api.post(PREVIEW, {**spec, "timezone": "Asia/Shanghai"})

    assert answer.status == 200
    assert answer.body == {
        "items": [
            {
                "utc": "2026-11-23T01:30:00Z",
                "local": "2026-11-23T09:30:00+08:00",
                "note": None,
                "runs": True,
            },
            {
                "utc": "2026-11-24T01:30:00Z",
                "local": "2026-11-24T09:30:00+08:00",
                "note": None,
                "runs": True,
            },
        ],
        "text": "At 09:30, from Monday to Friday (Asia/Shanghai time)",
        "warning": None,
    }


def test_a_preview_starts_where_it_is_told_and_marks_what_moved(api: Api) -> None:
    spec = {"time_points": ["02:30"], "timezone": "America/New_York", "count": 1}

    answer = api.post(PREVIEW, {**spec, "after": "2027-03-13T12:00:00Z"})

    (item,) = answer.body["items"]
    assert item["local"] == "2027-03-14T03:00:00-04:00"
    assert "leaps over" in item["note"]


def test_a_calendar_without_data_ahead_warns(api: Api) -> None:
    spec = {"time_points": ["08:00"], "timezone": "Asia/Shanghai", "calendar": "workdays"}

    answer = api.post(PREVIEW, {**spec, "after": "2099-01-01T00:00:00+08:00", "count": 1})

    assert "not known yet" in answer.body["items"][0]["note"]


def test_a_schedule_that_is_wrong_is_refused_by_field(api: Api) -> None:
    wrong = api.post(PREVIEW, {"schedule_type": "cron", "cron_expression": "0 0 30 2 *"})
    unknown = api.post(PREVIEW, {"time_points": ["08:00"], "count": 1000})

    assert (wrong.status, wrong.fields()) == (422, ["cron_expression"])
    assert (unknown.status, unknown.fields()) == (422, ["count"])


def test_a_task_keeps_its_calendar_dates_and_jitter(api: Api) -> None:
    fields = {
        "calendar": "workdays",
        "start_date": "2026-11-25",
        "end_date": "2026-12-31",
        "jitter_seconds": 30,
        "time_points": [{"time": "08:05", "weekdays": [3]}],
    }

    made = api.post("/api/scheduled-tasks", {**TASK, **fields})

    assert {name: made.body[name] for name in fields} == fields
    assert made.body["next_run_at"] == "2026-11-25T00:05:00Z"


def test_own_days_are_listed_and_taken_back(api: Api) -> None:
    day = {"tenant_id": "acme", "day": "2026-11-24", "is_workday": False, "note": "司庆"}
    made = api.post("/api/calendar-days", day)
    listed = api.get("/api/calendar-days?year=2026&tenant_id=acme")
    gone = api.delete(f"/api/calendar-days/{made.body['id']}")

    assert (made.status, gone.status) == (201, 204)
    assert {name: made.body[name] for name in day} == day
    assert listed.body["items"] == [made.body]
    assert api.get("/api/calendar-days").body["total"] == 0
