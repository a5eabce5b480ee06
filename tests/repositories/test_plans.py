"""How the server carries out each hot statement: by the index that is meant for it.

The statements are those that the repositories send: each is explained before it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.runs import LOOK_AHEAD, of_task, scheduled_trace_id
from chalicelib.repositories import deliveries, due_tasks, log_queue, log_views, log_waits, logs
from chalicelib.repositories import tasks as task_rows
from chalicelib.repositories.database import Database, Row, Transaction
from chalicelib.repositories.log_views import LogFilter
from chalicelib.repositories.tasks import TaskFilter
from tests.databases import empty_tables
from tests.fakes import START

#: So many that to read all of them is never the quickest.
HISTORY = 20_000
#: So much goes on: the first of each.
ALIVE = 60
#: Whose history is the longest: every second row.
OLD_TASK = 1
HORIZON = START + LOOK_AHEAD
MINUTE = timedelta(minutes=1)
#: They begin with the status, and few attempts run.
BY_STATUS = {"waiting", "leases", "slots"}


class Explaining(Transaction):
    """Notes the index by which each table of a statement is read (None: by none)."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx._cursor)
        self.keys: dict[str, str | None] = {}

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        self._explain(sql, params)
        return super().execute(sql, params)

    def all(self, sql: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        self._explain(sql, params)
        return super().all(sql, params)

    def one(self, sql: str, params: Mapping[str, Any] | None = None) -> Row | None:
        self._explain(sql, params)
        return super().one(sql, params)

    def _explain(self, sql: str, params: Mapping[str, Any] | None) -> None:
        for row in super().all(f"EXPLAIN FORMAT=TRADITIONAL {sql}", params):
            self.keys[row["table"]] = row["key"]


@pytest.fixture(scope="module")
def full(migrated_once: str) -> Iterator[Database]:
    """A long history, and a little that goes on."""
    empty_tables(migrated_once)
    database = Database(migrated_once)
    with database.transaction() as tx:
        for table, fill in (
            ("scheduled_tasks", _task),
            ("task_logs", _log),
            ("task_deliveries", _delivery),
        ):
            rows = [fill(n) for n in range(1, HISTORY + 1)]
            start = f"INSERT INTO platform_{table} ({', '.join(rows[0])}) VALUES"
            tx.insert_rows(start, [tuple(row.values()) for row in rows])
    with database.transaction() as tx:
        for table in ("scheduled_tasks", "task_logs", "task_deliveries"):
            tx.all(f"ANALYZE TABLE platform_{table}")
    yield database
    database.close()


def _task(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "tenant_id": f"tenant-{n % 50}",
        "task_name": f"report {n}",
        "schedule_type": "cron",
        "cron_expression": "* * * * *",
        "script_content": "print(1)",
        "next_run_at": START + (n % 120 if n <= ALIVE else n) * MINUTE,
    }


def _log(n: int) -> dict[str, Any]:
    task_id = OLD_TASK if n % 2 else n
    at = START - n * MINUTE
    status = ("queued", "queued", "running")[n % 3] if n <= ALIVE else "success"
    return {
        "task_id": task_id,
        "tenant_id": f"tenant-{n % 50}",
        "trace_id": scheduled_trace_id(task_id, at),
        "scheduled_for": at,
        "due_at": at,
        "sent_at": None if n % 3 == 1 and n <= ALIVE else at,
        "send_count": 1,
        "status": status,
        "lease_until": at if status != "queued" else None,
        "slot": "key:tenant-2:k" if status == "running" else None,
        "waits_for": of_task(n) if status == "queued" and n % 6 == 0 else None,
        "token_hash": bytes([n % 256]) * 32,
    }


def _delivery(n: int) -> dict[str, Any]:
    return {
        "log_id": n,
        "channel_id": 1,
        "channel_name": "team",
        "channel_type": "wecom_bot",
        "uuid": f"{n:032}",
        "title": "t",
        "result": "1",
        "status": "pending" if n <= ALIVE else "sent",
        "next_attempt_at": START - n * MINUTE if n <= ALIVE else None,
        "token_hash": bytes([n % 256]) * 32,
        "created_at": START,
    }


TASKS, LOGS, OUTBOX = (
    "platform_scheduled_tasks",
    "platform_task_logs",
    "platform_task_deliveries",
)
#: The statement, the table by the name that the statement gives it, the index meant for it.
HOT: dict[str, tuple[Callable[[Transaction], object], str, set[str]]] = {
    "due": (lambda tx: due_tasks.due(tx, HORIZON, 500), TASKS, {"due"}),
    "advance": (lambda tx: due_tasks.advance(tx, {3: HORIZON, 9: None}), "t", {"PRIMARY"}),
    "unsent": (lambda tx: log_queue.unsent(tx, HORIZON, 500), LOGS, {"waiting"}),
    "unsent, of some": (lambda tx: log_queue.lock_unsent(tx, [3, 9], HORIZON), LOGS, {"PRIMARY"}),
    "tokens": (lambda tx: log_queue.set_tokens(tx, {3: "00" * 32}), "l", {"PRIMARY"}),
    "sent": (lambda tx: log_queue.mark_sent(tx, {3: "00" * 32}, START), "l", {"PRIMARY"}),
    "unclaimed": (lambda tx: log_queue.unclaimed(tx, START, 500), LOGS, {"waiting"}),
    "silent": (lambda tx: log_queue.silent(tx, START, 500), LOGS, {"leases"}),
    "oldest waiting": (lambda tx: log_queue.oldest_waiting(tx, START), LOGS, BY_STATUS),
    "planned after": (
        lambda tx: logs.planned_after(tx, OLD_TASK, START - 9 * MINUTE),
        LOGS,
        {"attempt"},
    ),
    "has later": (
        lambda tx: logs.has_later(tx, OLD_TASK, START - 9 * MINUTE, START),
        LOGS,
        {"attempt"},
    ),
    "running of a task": (lambda tx: logs.running_of(tx, OLD_TASK), LOGS, BY_STATUS),
    "is behind": (lambda tx: log_waits.is_behind(tx, OLD_TASK, 3, START), LOGS, BY_STATUS),
    "waits": (lambda tx: log_waits.waiting(tx, of_task(6)), LOGS, {"waits"}),
    "release": (lambda tx: log_waits.release(tx, of_task(12)), LOGS, {"waits", "PRIMARY"}),
    "is taken": (lambda tx: log_waits.is_taken(tx, "key:tenant-2:k"), LOGS, {"slots"}),
    "running of a tenant": (
        lambda tx: log_waits.running_of_tenant(tx, "tenant-2"),
        LOGS,
        BY_STATUS,
    ),
    "deliveries due": (lambda tx: deliveries.due(tx, START, 500), OUTBOX, {"waiting"}),
    "deliveries granted": (lambda tx: deliveries.granted(tx, b"\1" * 32), "d", {"waiting"}),
    "deliveries of a run": (lambda tx: deliveries.pending_of(tx, 7), OUTBOX, {"of_log"}),
    "receipts": (lambda tx: deliveries.of_logs(tx, [7, 8, 9]), OUTBOX, {"of_log"}),
    "all tasks": (lambda tx: _tasks(tx, TaskFilter()), TASKS, {"PRIMARY"}),
    "tasks of a tenant": (lambda tx: _tasks(tx, TaskFilter("tenant-3")), TASKS, {"of_tenant"}),
    "count of tasks": (
        lambda tx: task_rows.count(tx, TaskFilter("tenant-3")),
        TASKS,
        {"of_tenant"},
    ),
    "all logs": (lambda tx: _logs(tx, LogFilter()), LOGS, {"PRIMARY"}),
    "logs of a task": (lambda tx: _logs(tx, LogFilter(task_id=44)), LOGS, {"of_task"}),
    "logs of a tenant": (
        lambda tx: _logs(tx, LogFilter(tenant_id="tenant-3")),
        LOGS,
        {"of_tenant"},
    ),
    "logs of a run": (
        lambda tx: _logs(tx, LogFilter(trace_id=scheduled_trace_id(44, START))),
        LOGS,
        {"attempt"},
    ),
}


def _tasks(tx: Transaction, wanted: TaskFilter) -> object:
    return task_rows.page(tx, wanted, offset=0, limit=20)


def _logs(tx: Transaction, wanted: LogFilter) -> object:
    return log_views.page(tx, wanted, offset=0, limit=20)


@pytest.mark.parametrize("name", HOT)
def test_a_hot_statement_uses_the_index_meant_for_it(full: Database, name: str) -> None:
    statement, table, wanted = HOT[name]
    with full.transaction() as tx:
        explaining = Explaining(tx)
        statement(explaining)
        tx.execute("ROLLBACK")

    key = explaining.keys[table]

    assert key in wanted, explaining.keys


def test_what_has_no_index_is_found_out(full: Database) -> None:
    with full.transaction() as tx:
        explaining = Explaining(tx)
        explaining.one("SELECT id FROM platform_task_logs WHERE duration_ms = 3 LIMIT 1")

    assert explaining.keys == {LOGS: None}
