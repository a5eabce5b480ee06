"""Short cuts to rows, for arranging and for looking."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.access import Principal, Role
from chalicelib.domain.cipher import new_key
from chalicelib.domain.tasks import Task
from chalicelib.services import channels, script_tests, tasks
from chalicelib.services.platform import Platform

#: Seals in tests.
MASTER_KEY = new_key()
ADMIN = Principal(1, "admin", None, Role.admin)


def make_task(platform: Platform, **fields: Any) -> Task:
    """A task that is due every day at 08:05 in Shanghai, five minutes after the tests' start."""
    spec = {
        "task_name": "daily",
        "schedule_type": "simple",
        "time_points": ["08:05"],
        "script_content": "print(1)",
    }
    return tasks.create_task(platform, ADMIN, {**spec, **fields})


def start_test(platform: Platform, **fields: Any) -> int:
    """A test run that nobody has carried out yet; its log."""
    finished, answer = script_tests.test_script(
        platform, ADMIN, {"script_content": "print(1)", **fields}
    )
    assert not finished
    log_id: int = answer["log_id"]
    return log_id


def make_channel(platform: Platform, **fields: Any) -> int:
    spec = {
        "channel_name": "team",
        "channel_type": "dingtalk_bot",
        "webhook_url": "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789",
        "sign_secret": "SECdeadbeef",
    }
    return channels.create_channel(platform, ADMIN, {**spec, **fields}).id


def log_rows(platform: Platform, **where: Any) -> list[dict[str, Any]]:
    with platform.database.transaction() as tx:
        rows = tx.all("SELECT * FROM platform_task_logs ORDER BY id")
    return [row for row in rows if all(row[key] == value for key, value in where.items())]


def statuses(platform: Platform) -> list[str]:
    return [row["status"] for row in log_rows(platform)]
