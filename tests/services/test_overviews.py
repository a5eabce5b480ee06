"""The ledger at a glance, against sums that are made here, and the indexes that it is read by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.repositories import overviews
from chalicelib.repositories.database import Transaction
from chalicelib.repositories.overviews import Span
from chalicelib.services.dispatching import dispatch
from chalicelib.services.overviews import overview
from chalicelib.services.platform import Platform
from tests.fakes import START, FakeClock, FakeQueue
from tests.services.rows import make_task
from tests.services.sandboxes import FAILURE, Sandbox

NOW = START + timedelta(hours=1)


def add_attempts(platform: Platform, *rows: dict[str, Any]) -> None:
    usual = {
        "task_id": 1,
        "tenant_id": None,
        "status": "success",
        "trigger_type": "schedule",
        "error_kind": None,
        "skip_reason": None,
        "due_at": START,
        "late_ms": 0,
        "duration_ms": 10,
    }
    full = []
    for number, row in enumerate(rows):
        one = {**usual, **row, "trace": f"t-{number}"}
        ran = one["status"] in ("success", "failed")
        one["started_at"] = one["due_at"] + timedelta(milliseconds=one["late_ms"]) if ran else None
        one["duration_ms"] = one["duration_ms"] if ran else None
        full.append(one)
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_task_logs (task_id, tenant_id, task_name, trace_id, status,"
            " trigger_type, error_kind, skip_reason, due_at, started_at, duration_ms) VALUES"
            " (%(task_id)s, %(tenant_id)s, 'n', %(trace)s, %(status)s, %(trigger_type)s,"
            " %(error_kind)s, %(skip_reason)s, %(due_at)s, %(started_at)s, %(duration_ms)s)",
            full,
        )


def seen(platform: Platform, tenant_id: str | None = None) -> dict[str, Any]:
    return overview(platform, tenant_id, START, NOW, with_tenants=tenant_id is None)


def test_percentiles_are_those_of_the_nearest_rank(platform: Platform) -> None:
    add_attempts(platform, *({"late_ms": n // 2, "duration_ms": n // 4} for n in range(2, 202)))

    found = seen(platform)

    assert found["started"] == 200
    assert found["lateness_ms"] == {"p50": 50, "p99": 99, "max": 100}
    assert found["duration_ms"] == {"p50": 25, "p99": 49}


@pytest.mark.parametrize("unit", [1_000, 60_000, 3_600_000])
def test_percentiles_of_what_is_long_are_right_within_two_percent(
    platform: Platform, unit: int
) -> None:
    add_attempts(platform, *({"late_ms": n * unit // 100} for n in range(100, 300)))

    late = seen(platform)["lateness_ms"]

    assert 1.99 * unit <= late["p50"] <= 1.99 * 1.02 * unit
    assert 2.97 * unit <= late["p99"] <= late["max"] == 299 * unit // 100


def test_each_attempt_is_counted_once_by_status_trigger_and_reason(platform: Platform) -> None:
    skipped = {"status": "skipped"}
    add_attempts(
        platform,
        {},
        {"trigger_type": "manual"},
        {"status": "failed", "error_kind": "timeout"},
        {"status": "cancelled", "error_kind": "cancelled"},
        {**skipped, "skip_reason": "overlap"},
        {**skipped, "skip_reason": "missed"},
        {**skipped, "skip_reason": "missed, as all before it since 2026-11-01T00:00:00Z"},
        {**skipped, "skip_reason": "maintenance: #1 database"},
        {"due_at": START - timedelta(microseconds=1)},
        {"due_at": NOW},
    )

    found = seen(platform)

    assert found["total"] == 8
    assert {name: n for name, n in found["by_status"].items() if n} == {
        "success": 2,
        "failed": 1,
        "cancelled": 1,
        "skipped": 4,
    }
    assert (found["by_trigger"]["schedule"], found["by_trigger"]["manual"]) == (7, 1)
    assert found["skipped_by_reason"] == {"missed": 2, "overlap": 1, "maintenance": 1}
    assert found["failed_by_kind"] == {"timeout": 1}


def test_tasks_are_ranked_by_failures_and_by_lateness(platform: Platform) -> None:
    bad = {"status": "failed", "error_kind": "script"}
    add_attempts(
        platform,
        *({"task_id": task, "late_ms": 1} for task in range(1, 31)),
        *({**bad, "task_id": 29} for _ in range(3)),
        {**bad, "task_id": 7},
        {"task_id": 12, "late_ms": 90_000},
        {"task_id": None, "trigger_type": "test", "late_ms": 500_000},
    )

    tasks = seen(platform)["tasks"]

    assert [(row["task_id"], row["failed"]) for row in tasks["failing"]] == [(29, 3), (7, 1)]
    assert tasks["late"][0]["task_id"] == 12
    assert tasks["late"][0]["lateness_ms"] == {"p50": 1, "p99": 90_000, "max": 90_000}
    assert (tasks["busiest"][0]["task_id"], tasks["busiest"][0]["total"]) == (29, 4)
    assert len(tasks["busiest"]) == 10


def test_a_tenant_sees_its_own_and_the_platform_each(platform: Platform) -> None:
    add_attempts(platform, *({"tenant_id": name} for name in ("acme", "acme", "other", None)))

    own, all_of_them = seen(platform, "acme"), seen(platform)

    assert (own["total"], "tenants" in own) == (2, False)
    assert {row["tenant_id"]: row["total"] for row in all_of_them["tenants"]} == {
        "acme": 2,
        "other": 1,
        None: 1,
    }


def test_an_empty_span_has_zeros_and_no_percentiles(platform: Platform) -> None:
    found = seen(platform)

    assert (found["total"], found["lateness_ms"]["p99"], found["tenants"]) == (0, None, [])
    assert set(found["by_status"].values()) == {0}


def test_the_runs_of_a_backfill_have_no_time_to_keep(platform: Platform) -> None:
    add_attempts(platform, {"trigger_type": "backfill", "late_ms": 9_000_000}, {"late_ms": 3})

    assert seen(platform)["lateness_ms"]["max"] == 3


@pytest.mark.parametrize(("minutes", "expected", "own"), [(0, 146, 1), (4, 147, 1), (6, 150, 2)])
def test_what_the_next_day_holds_is_counted_whether_planned_or_not(
    platform: Platform, clock: FakeClock, minutes: int, expected: int, own: int
) -> None:
    """Daily at 08:05, thrice, once of a tenant's; and every ten minutes. At 08:06 those of 08:05
    wait still and count too."""
    for tenant in (None, None, "acme"):
        make_task(platform, tenant_id=tenant)
    make_task(platform, schedule_type="cron", cron_expression="*/10 * * * *")
    make_task(platform, is_enabled=False)
    clock.advance(minutes=minutes)
    dispatch(platform)

    of_all = overview(platform, None, None, None, with_tenants=True)["next_24h"]
    of_one = overview(platform, "acme", None, None, with_tenants=False)["next_24h"]

    assert of_all == {"occurrences": expected, "is_exact": True}
    assert of_one["occurrences"] == own


def test_a_real_run_is_in_it(
    platform: Platform, clock: FakeClock, queue: FakeQueue, sandbox: Sandbox
) -> None:
    make_task(platform)
    clock.advance(minutes=5, seconds=2)
    dispatch(platform)
    sandbox.run_due(FAILURE)
    clock.advance(minutes=1)

    found = overview(platform, None, None, None, with_tenants=True)

    assert found["by_status"]["failed"] == 1
    assert found["lateness_ms"] == {"p50": 2000, "p99": 2000, "max": 2000}
    assert found["failed_by_kind"] == {"script": 1}


STATEMENTS: dict[str, Callable[[Span], str]] = {
    "counts": overviews.counts_sql,
    "tasks": overviews.tasks_sql,
    "lateness": lambda span: overviews.distribution_sql(span, "lateness", "tenant_id", some=False),
    "duration": lambda span: overviews.distribution_sql(span, "duration", "task_id", some=True),
}


@pytest.mark.parametrize(("tenant_id", "index"), [(None, "waiting"), ("acme", "of_tenant_due")])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_span_is_read_by_its_index(
    platform: Platform, tenant_id: str | None, index: str, statement: str
) -> None:
    minutes = [{"due_at": START - timedelta(minutes=n), "tenant_id": "acme"} for n in range(2000)]
    add_attempts(platform, *minutes)
    span = Span(START - timedelta(hours=1), START, tenant_id)
    sql = STATEMENTS[statement](span)
    params = {**span.__dict__, "most": 10, "tasks": (1,)}
    with platform.database.transaction() as tx:
        tx.all("ANALYZE TABLE platform_task_logs")
        plan = tx.all("EXPLAIN FORMAT=TRADITIONAL " + sql, params)
        looked_at = reads(tx, sql, params)

    used = [row for row in plan if row["table"] == "platform_task_logs"]
    assert [(row["key"], row["type"]) for row in used] == [(index, "range")]
    # An hour of 2000 minutes, and what is looked up in temporary tables.
    assert looked_at < 300


def reads(tx: Transaction, sql: str, params: dict[str, Any]) -> int:
    """How many rows of tables and indexes the server looked at, temporary ones included."""
    before = _handler_reads(tx)
    tx.all(sql, params)
    return _handler_reads(tx) - before


def _handler_reads(tx: Transaction) -> int:
    names = ("Handler_read_key", "Handler_read_next", "Handler_read_first")
    rows = tx.all("SHOW SESSION STATUS WHERE Variable_name IN %(names)s", {"names": names})
    return sum(int(row["Value"]) for row in rows)


def test_it_asks_as_often_whatever_there_is(platform: Platform) -> None:
    def asked() -> int:
        with platform.database.transaction() as tx:
            before = _questions(tx)
        seen(platform)
        with platform.database.transaction() as tx:
            return _questions(tx) - before

    make_task(platform, calendar="workdays")
    add_attempts(platform, {})
    with_little = asked()
    with platform.database.transaction() as tx:
        tx.execute("DELETE FROM platform_task_logs")
    add_attempts(platform, *({"task_id": n, "tenant_id": f"t{n}"} for n in range(50)))
    for n in range(20):
        make_task(platform, tenant_id=f"t{n}", calendar="workdays")

    assert asked() == with_little < 15


def _questions(tx: Transaction) -> int:
    row = tx.one("SHOW SESSION STATUS LIKE 'Questions'") or {}
    return int(row["Value"])
