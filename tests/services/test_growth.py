"""What the hot paths read does not grow with the history that a task has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.domain.runs import scheduled_trace_id
from chalicelib.repositories import (
    backfills,
    deliveries,
    due_tasks,
    forecasts,
    holds,
    log_queue,
    logs,
    retention,
)
from chalicelib.repositories.database import Transaction
from chalicelib.services.platform import Platform
from chalicelib.services.replanning import replan
from tests.fakes import START
from tests.services.rows import make_task

HISTORY = 4000
OLD = START - timedelta(days=90)


def reads(tx: Transaction, work: Callable[[], object]) -> int:
    """How many rows and index entries the server looked at for this."""
    before = _handler_reads(tx)
    work()
    return _handler_reads(tx) - before


def _handler_reads(tx: Transaction) -> int:
    rows = tx.all("SHOW SESSION STATUS LIKE 'Handler_read%%'", {})
    return sum(int(row["Value"]) for row in rows)


def fill(platform: Platform, task_id: int) -> None:
    """A long history of one task, its messages, and a few runs of others that go on."""
    instants = [START - timedelta(minutes=n) for n in range(1, HISTORY)]
    past = [
        {"id": task_id, "trace": scheduled_trace_id(task_id, at), "at": at, "status": "success"}
        for at in instants
    ]
    others = [
        {"id": task_id + n, "trace": f"x-{n}", "at": START, "status": status}
        for n in range(1, 11)
        for status in ("running",)
    ]
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_task_logs (task_id, trace_id, scheduled_for, due_at, sent_at,"
            " send_count, status, lease_until, token_hash) VALUES (%(id)s, %(trace)s, %(at)s,"
            " %(at)s, %(at)s, 1, %(status)s, %(at)s, UNHEX(SHA2(%(trace)s, 256)))",
            past + others,
        )
        tx.many(
            "INSERT INTO platform_task_deliveries (channel_id, channel_name, channel_type, uuid,"
            " title, result, status, token_hash, created_at) VALUES (1, 'c', 'wecom_bot',"
            " LEFT(SHA2(%(trace)s, 256), 32), 't', '1', 'sent', UNHEX(SHA2(%(trace)s, 256)),"
            " %(at)s)",
            past,
        )
        tx.many(
            "INSERT INTO platform_holds (scope, kind, starts_at, ends_at, reason, created_by,"
            " created_at) VALUES ('acme', 'pause', %(at)s, %(at)s, '', 'x', %(at)s)",
            past,
        )
        for table in ("task_logs", "task_deliveries", "scheduled_tasks", "holds"):
            tx.all(f"ANALYZE TABLE platform_{table}")


def test_a_year_of_history_makes_no_hot_path_slow(platform: Platform) -> None:
    task = make_task(platform)
    fill(platform, task.id)
    now, horizon = START, START + timedelta(minutes=3)
    with platform.database.transaction() as tx:
        looked_at = {
            "is a later one due": reads(
                tx, lambda: logs.has_later(tx, task.id, now - timedelta(minutes=1), now)
            ),
            "is it running": reads(tx, lambda: logs.running_of(tx, task.id)),
            "replan": reads(tx, lambda: replan(tx, task, now)),
            "due": reads(tx, lambda: due_tasks.due(tx, horizon, 500)),
            "unsent": reads(tx, lambda: log_queue.unsent(tx, horizon, 500)),
            "silent": reads(tx, lambda: log_queue.silent(tx, now, 500)),
            "unclaimed": reads(tx, lambda: log_queue.unclaimed(tx, now, 500)),
            "oldest": reads(tx, lambda: log_queue.oldest_waiting(tx, now)),
            "backfills alive": reads(tx, lambda: backfills.alive_of(tx, task.id)),
            "holds over": reads(tx, lambda: holds.over(tx, "acme", now, now)),
            "nothing is old": reads(tx, lambda: retention.ended_before(tx, OLD, 1000)),
            "planned": reads(tx, lambda: forecasts.planned_before(tx, "acme", horizon)),
            "to come": reads(tx, lambda: forecasts.tasks_before(tx, None, horizon, 5000)),
            "deliveries due": reads(tx, lambda: deliveries.due(tx, now, 500)),
            "deliveries granted": reads(tx, lambda: deliveries.granted(tx, b"x" * 32)),
        }

    assert {name: n for name, n in looked_at.items() if n > 100} == {}
