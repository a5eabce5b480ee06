"""The migrations: on nothing, on the former system's database, twice, at once, after a crash."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.repositories.database import Database, connect
from infra.migrate import FOLDER, migrate

#: Everything the product document names, to be found under its name afterwards.
DOCUMENT = (FOLDER / "0001_document_tables.sql").read_text(encoding="utf-8")


def query(url: str, sql: str) -> list[dict[str, Any]]:
    database = Database(url)
    try:
        with database.transaction() as tx:
            return tx.all(sql)
    finally:
        database.close()


def execute(url: str, *statements: str) -> None:
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture
def legacy(empty_database: str) -> str:
    """A database as the former system leaves it, with its local times and its oddities."""
    execute(
        empty_database,
        *[s for s in DOCUMENT.split(";\n") if "CREATE TABLE" in s],
        "INSERT INTO platform_scheduled_tasks (id, tenant_id, task_name, schedule_type,"
        " time_points, cron_expression, timezone, script_content, retry_count, notify_channels,"
        " is_enabled, last_run_at, last_run_status, created_at, updated_at) VALUES"
        " (7, 'acme', '日报', 'simple', '[\"08:00\", \"12:00\"]', NULL, 'Asia/Shanghai',"
        "  'print(1)', 2, '[3]', 1, '2026-01-02 08:00:01', 'success', '2025-12-31 23:00:00',"
        "  '2026-01-01 07:59:59'),"
        " (8, NULL, 'every hour', 'cron', NULL, '0 * * * *', NULL, 'x', NULL, NULL, 1, NULL,"
        "  'running', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),"
        " (9, NULL, 'broken', 'cron', NULL, 'never', 'Asia/Shanghai', 'x', 0, NULL, 1, NULL, NULL,"
        "  '2026-01-01 00:00:00', '2026-01-01 00:00:00'),"
        " (10, NULL, 'off', 'cron', NULL, '0 0 * * *', 'Asia/Shanghai', 'x', 0, NULL, 0, NULL,"
        "  NULL, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
        "UPDATE platform_scheduled_tasks SET script_deps = IF(id = 7, 'idna', ' '),"
        " updated_at = updated_at"
        " WHERE id IN (7, 8)",
        "INSERT INTO platform_task_notify_channels (id, tenant_id, channel_name, channel_type,"
        " webhook_url, sign_secret, created_at) VALUES (3, 'acme', '群', 'dingtalk_bot',"
        " 'https://oapi.dingtalk.com/robot/send?access_token=x', 'SEC1', '2026-01-01 08:00:00')",
        "INSERT INTO platform_task_logs (id, task_id, tenant_id, trace_id, status, started_at,"
        " finished_at, duration_ms, output, retry_count, created_at) VALUES"
        " (1, 7, 'acme', 'abc', 'success', '2026-01-02 08:00:00', '2026-01-02 08:00:01', 1000,"
        "  'hello', 0, '2026-01-02 08:00:00'),"
        " (2, 7, 'acme', 'abc', 'failed', '2026-01-02 12:00:00', '2026-01-02 12:00:01', 1000,"
        "  'again', 0, '2026-01-02 12:00:00'),"
        " (3, 7, 'acme', NULL, 'running', '2026-01-03 08:00:00', NULL, NULL, NULL, NULL,"
        "  '2026-01-03 08:00:00')",
    )
    return empty_database


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_database_of_the_former_system_is_adopted_and_nothing_is_lost(legacy: str) -> None:
    migrate(legacy)

    tasks = query(legacy, "SELECT * FROM platform_scheduled_tasks ORDER BY id")
    logs = query(legacy, "SELECT * FROM platform_task_logs ORDER BY id")
    (channel,) = query(legacy, "SELECT * FROM platform_task_notify_channels")
    assert [task["id"] for task in tasks] == [7, 8, 9, 10]
    assert tasks[0]["last_run_at"] == at(2026, 1, 2, 0, 0, 1)
    assert tasks[0]["created_at"] == at(2025, 12, 31, 15)
    assert tasks[0]["updated_at"] == at(2025, 12, 31, 23, 59, 59)
    assert (tasks[0]["retry_count"], tasks[0]["script_content"]) == (2, "print(1)")
    assert (tasks[1]["timezone"], tasks[1]["retry_count"]) == ("Asia/Shanghai", 0)
    assert channel["created_at"] == at(2026, 1, 1)
    assert channel["sign_secret"] == "SEC1"
    assert [(log["output"], log["status"]) for log in logs] == [
        ("hello", "success"),
        ("again", "failed"),
        (None, "failed"),
    ]
    assert logs[0]["started_at"] == at(2026, 1, 2)
    assert [log["trace_id"] for log in logs] == ["abc", "abc#2", "legacy-3"]


def test_adopted_requirements_wait_for_their_bundle(legacy: str) -> None:
    migrate(legacy)

    tasks = query(legacy, "SELECT deps_status FROM platform_scheduled_tasks ORDER BY id")

    assert [task["deps_status"] for task in tasks] == ["unbuilt", "none", "none", "none"]


def test_adopted_tasks_get_their_next_occurrence_and_a_broken_one_says_why_not(legacy: str) -> None:
    before = datetime.fromisoformat(
        str(query(legacy, "SELECT UTC_TIMESTAMP(6) AS now")[0]["now"])
    ).replace(tzinfo=UTC)

    migrate(legacy)

    daily, hourly, broken, off = query(legacy, "SELECT * FROM platform_scheduled_tasks ORDER BY id")
    assert daily["next_run_at"] > before
    assert (daily["next_run_at"].hour, daily["next_run_at"].minute) in [(0, 0), (4, 0)]
    assert hourly["next_run_at"].minute == 0
    assert (hourly["next_run_at"] - before).total_seconds() <= 3600
    assert broken["next_run_at"] is None
    assert broken["is_enabled"] == 0
    assert "cron_expression" in broken["last_run_message"]
    assert off["next_run_at"] is None


def test_local_times_of_a_zone_with_daylight_saving_become_utc(legacy: str) -> None:
    execute(
        legacy,
        "UPDATE platform_task_logs SET started_at = '2026-01-15 12:00:00' WHERE id = 1",
        "UPDATE platform_task_logs SET started_at = '2026-07-15 12:00:00' WHERE id = 2",
        "UPDATE platform_task_logs SET started_at = '2026-03-08 03:00:00' WHERE id = 3",
    )

    migrate(legacy, "America/New_York")

    times = query(legacy, "SELECT started_at FROM platform_task_logs ORDER BY id")
    assert [row["started_at"] for row in times] == [
        at(2026, 1, 15, 17),
        at(2026, 7, 15, 16),
        at(2026, 3, 8, 7),
    ]


def test_a_second_migration_changes_nothing(legacy: str) -> None:
    first = migrate(legacy)
    before = query(legacy, "SELECT * FROM platform_task_logs")

    assert len(first) == len(list(FOLDER.glob("0*")))
    assert migrate(legacy) == []
    assert query(legacy, "SELECT * FROM platform_task_logs") == before


def test_two_migrations_at_once_do_it_once(empty_database: str) -> None:
    applied: list[list[str]] = []
    both = [
        threading.Thread(target=lambda: applied.append(migrate(empty_database))) for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(len(names) for names in applied) == [0, len(list(FOLDER.glob("0*")))]


def test_a_migration_that_died_between_a_statement_and_its_note_goes_on(legacy: str) -> None:
    migrate(legacy)
    execute(
        legacy,
        "UPDATE platform_schema_migrations SET statements = statements - 1, finished_at = NULL"
        " WHERE name = '0003_extend'",
    )

    assert migrate(legacy) == ["0003_extend"]


def test_every_column_of_the_document_is_there_under_its_name(migrated_database: str) -> None:
    document = Path(__file__).parents[2] / "infra/migrations/0001_document_tables.sql"
    named = {
        line.split()[0]
        for line in document.read_text(encoding="utf-8").splitlines()
        if line.startswith("  ")
    }

    found = query(
        migrated_database,
        "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name IN ('platform_scheduled_tasks',"
        " 'platform_task_notify_channels', 'platform_task_logs')",
    )
    assert named <= {row["name"] for row in found}


def test_whoever_has_something_becomes_a_tenant(legacy: str) -> None:
    execute(
        legacy,
        "INSERT INTO platform_task_notify_channels (tenant_id, channel_name, channel_type,"
        " webhook_url) VALUES ('umbrella', '群', 'dingtalk_bot', 'https://x'),"
        " ('', '群', 'dingtalk_bot', 'https://x')",
    )

    migrate(legacy)

    found = query(legacy, "SELECT * FROM platform_tenants ORDER BY tenant_id")
    assert [(row["tenant_id"], row["tenant_name"], row["is_enabled"]) for row in found] == [
        ("acme", "acme", 1),
        ("umbrella", "umbrella", 1),
    ]
