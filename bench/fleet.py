"""A table full of tasks, of which so many are due at each of many instants."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.schedule import next_after, parse
from chalicelib.repositories.database import Database
from infra.local.database import DatabaseServer, fresh_database
from infra.migrate import migrate

#: A Monday, late enough for all zones below to agree on that.
FIRST = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
#: Longer than the look-ahead, so that a tick finds the tasks of one instant alone.
APART = timedelta(minutes=5)
ZONES = [
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Seoul",
    "Asia/Hong_Kong",
    "Asia/Bangkok",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Mexico_City",
    "America/St_Johns",
    "America/Bogota",
    "Australia/Perth",
    "UTC",
]
#: {m} and {h} are minute and hour by the zone's clock, {n} an hour that no measurement reaches.
CRON = (
    "{m} {h} * * *",
    "{m} {h} * * 1-5",
    "{m} {h} * * 0-6",
    "{m} {h},{n} * * *",
    "{m} {h},{n} * * 1-5",
    "{m} {h} 1-28 * *",
    "{m} {h} 20-28 * *",
    "{m} {h} * 11-12 *",
    "{m} {h} * 1-11 MON-FRI",
    "{m} {h} */1 * *",
    "{m} {h} 22-25 11 *",
    "{m} {h} * * MON,TUE,SAT",
    "{m} {h} 23,24,L * *",
    "0 {m} {h} * * ?",
)
POINTS: tuple[tuple[Any, ...], ...] = (
    ("{h}:{m}",),
    ("{h}:{m}", "{n}:{m}"),
    ("{n}:00", "{n}:30", "{h}:{m}"),
    ({"time": "{h}:{m}", "weekdays": [1, 2, 3]},),
    ({"time": "{h}:{m}", "weekdays": [1, 2, 3, 4, 5]},),
    ({"time": "{h}:{m}", "days": [22, 23, 24]}, "{n}:15"),
)
PAIRS = len(ZONES) * (len(CRON) + len(POINTS))


@dataclass(frozen=True)
class Group:
    """So many tasks that are due at one instant."""

    at: datetime
    tasks: int


def groups(*sizes: int) -> list[Group]:
    """One for each size, one after the other."""
    return [Group(FIRST + number * APART, size) for number, size in enumerate(sizes)]


@contextmanager
def server() -> Iterator[str]:
    """A database server of our own with durable commits, as `make run` has it; its URL."""
    with TemporaryDirectory(prefix="zhundian-bench-") as folder:
        Path(folder).chmod(0o711)
        with DatabaseServer(Path(folder), buffer_pool_mb=1024) as own:
            yield own.url


def filled(server_url: str, name: str, all_groups: Sequence[Group]) -> str:
    """The URL of a new database with these tasks."""
    url = fresh_database(server_url, name)
    migrate(url)
    database = Database(url)
    try:
        with database.transaction() as tx:
            # Not TEMPORARY: a server may refuse to read such a one in a locking SELECT.
            tx.execute("CREATE TABLE numbers (n INT PRIMARY KEY)")
            most = max(group.tasks for group in all_groups)
            tx.many("INSERT INTO numbers (n) VALUES (%(n)s)", [{"n": n} for n in range(most)])
            tx.execute(_SCHEDULES)
        for group in all_groups:
            with database.transaction() as tx:
                tx.execute("DELETE FROM schedules")
                tx.many(_ADD, list(_schedules(group.at)))
                tx.execute(_TASKS, {"tasks": group.tasks, "pairs": PAIRS})
        with database.transaction() as tx:
            tx.execute("DROP TABLE numbers")
            tx.execute("DROP TABLE schedules")
            tx.all("ANALYZE TABLE platform_scheduled_tasks")
    finally:
        database.close()
    return url


_SCHEDULES = """
    CREATE TABLE schedules (
        i INT PRIMARY KEY, schedule_type VARCHAR(10), time_points TEXT, cron_expression TEXT,
        timezone VARCHAR(50), at DATETIME(6)
    ) DEFAULT CHARSET = utf8mb4
"""
_ADD = (
    "INSERT INTO schedules (i, schedule_type, time_points, cron_expression, timezone, at)"
    " VALUES (%(i)s, %(type)s, %(points)s, %(cron)s, %(zone)s, %(at)s)"
)
_TASKS = """
    INSERT INTO platform_scheduled_tasks
        (tenant_id, task_name, schedule_type, time_points, cron_expression, timezone,
         script_content, next_run_at)
    SELECT CONCAT('tenant-', n %% 50), CONCAT('report ', n), schedule_type, time_points,
           cron_expression, timezone, 'print("hello")', at
    FROM numbers JOIN schedules ON i = n %% %(pairs)s
    WHERE n < %(tasks)s
"""


def _schedules(at: datetime) -> Iterator[dict[str, Any]]:
    """Every pair of zone and kind; each of them due at the instant."""
    for i, (zone, kind) in enumerate((z, k) for z in ZONES for k in (*CRON, *POINTS)):
        local = at.astimezone(ZoneInfo(zone))
        words = {"h": f"{local:%H}", "m": f"{local:%M}", "n": f"{(local.hour + 14) % 24:02}"}
        row: dict[str, Any] = {"i": i, "zone": zone, "at": at, "points": None, "cron": None}
        if isinstance(kind, str):
            row |= {"type": "cron", "cron": kind.format(**words)}
        else:
            row |= {"type": "simple", "points": json.dumps([_said(p, words) for p in kind])}
        points = json.loads(row["points"]) if row["points"] else None
        schedule = parse(row["type"], points, row["cron"], zone)
        if next_after(schedule, at - timedelta(seconds=1)) != at:
            raise RuntimeError(f"{row} is not due when it should be")
        yield row


def _said(point: str | dict[str, Any], words: dict[str, str]) -> str | dict[str, Any]:
    if isinstance(point, str):
        return point.format(**words)
    return {**point, "time": point["time"].format(**words)}
