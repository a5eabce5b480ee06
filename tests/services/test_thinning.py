"""Old rows go, some with each tick; what has not ended stays."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.services import thinning
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import START
from tests.services.rows import log_rows

OLD = START - timedelta(days=91)
NEW = START - timedelta(days=89)
ENDED = ("success", "failed", "cancelled", "skipped")


def add_logs(platform: Platform, rows: list[dict[str, Any]]) -> None:
    usual = {"status": "success", "due_at": OLD, "created_at": OLD}
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_task_logs (id, task_id, trace_id, status, due_at, created_at,"
            " lease_until) VALUES (%(id)s, 1, %(trace)s, %(status)s, %(due_at)s, %(created_at)s,"
            " '9000-01-01')",
            [{**usual, "trace": f"t-{row['id']}", **row} for row in rows],
        )


def add_delivery(platform: Platform, log_id: int | None, status: str, at: datetime) -> None:
    with platform.database.transaction() as tx:
        tx.execute(
            "INSERT INTO platform_task_deliveries (log_id, channel_id, channel_name, channel_type,"
            " uuid, title, result, status, next_attempt_at, created_at) VALUES (%(log_id)s, 1, 'c',"
            " 'wecom_bot', %(uuid)s, 't', '1', %(status)s, '9000-01-01', %(at)s)",
            {"log_id": log_id, "status": status, "at": at, "uuid": uuid.uuid4().hex},
        )


def add_output(platform: Platform, log_id: int) -> None:
    with platform.database.transaction() as tx:
        tx.execute(
            "INSERT INTO platform_task_log_output (log_id, char_offset, output)"
            " VALUES (%(id)s, 0, 'x')",
            {"id": log_id},
        )


def left(platform: Platform, table: str, column: str) -> list[Any]:
    with platform.database.transaction() as tx:
        rows = tx.all(f"SELECT {column} AS it FROM {table} ORDER BY 1")  # noqa: S608
    return [row["it"] for row in rows]


def kept(platform: Platform) -> list[int]:
    return [row["id"] for row in log_rows(platform)]


def test_what_ended_long_ago_goes_and_nothing_else(platform: Platform) -> None:
    old = [{"id": n, "status": status} for n, status in enumerate(ENDED, 1)]
    young = [{"id": 10 + n, "status": s, "due_at": NEW} for n, s in enumerate(ENDED)]
    alive = [{"id": 20, "status": "running"}]
    add_logs(platform, old + young + alive)
    for log_id in (1, 10, 20):
        add_output(platform, log_id)
        add_delivery(platform, log_id, "sent", OLD)

    dispatch(platform)

    assert kept(platform) == [10, 11, 12, 13, 20]
    assert left(platform, "platform_task_log_output", "log_id") == [10, 20]
    assert left(platform, "platform_task_deliveries", "log_id") == [10, 20]


def test_a_row_of_the_former_system_goes_by_when_it_ran(platform: Platform) -> None:
    undated = {"due_at": None}
    add_logs(platform, [{"id": 1, **undated}, {"id": 2, **undated, "created_at": NEW}])

    thinning.thin(platform)

    assert kept(platform) == [2]


def test_an_attempt_stays_until_its_messages_are_settled(platform: Platform) -> None:
    add_logs(platform, [{"id": 1}, {"id": 2}])
    add_delivery(platform, 1, "pending", OLD)
    add_delivery(platform, 2, "failed", OLD)

    assert thinning.thin(platform) == 1
    assert kept(platform) == [1]


def test_tests_of_channels_go_when_they_are_old(platform: Platform) -> None:
    for status, at in (("sent", OLD), ("pending", OLD), ("sent", NEW)):
        add_delivery(platform, None, status, at)

    thinning.thin(platform)

    assert sorted(left(platform, "platform_task_deliveries", "status")) == ["pending", "sent"]


@pytest.mark.parametrize(("days", "expected"), [(0, [1, 2, 3]), (30, [3]), (90, [2, 3])])
def test_a_setting_says_how_long(platform: Platform, days: int, expected: list[int]) -> None:
    young = START - timedelta(days=29)
    add_logs(platform, [{"id": 1}, {"id": 2, "due_at": NEW}, {"id": 3, "due_at": young}])
    settings = replace(platform.settings, log_retention_days=days)

    thinning.thin(replace(platform, settings=settings))

    assert kept(platform) == expected


def test_one_tick_deletes_a_batch_the_oldest_first(platform: Platform) -> None:
    add_old_ones(platform, first=1, last=2500)

    thinning.thin(platform)

    assert kept(platform) == list(range(1, 1501))


def test_a_tick_reads_no_more_when_there_is_more(platform: Platform) -> None:
    add_old_ones(platform, first=1, last=3000)
    with_little = looked_at(platform)
    add_old_ones(platform, first=3001, last=12_000)
    with_much = looked_at(platform)

    assert with_much <= with_little * 1.1


def add_old_ones(platform: Platform, first: int, last: int) -> None:
    add_logs(
        platform,
        [{"id": n, "due_at": OLD - timedelta(minutes=n)} for n in range(first, last + 1)],
    )


def looked_at(platform: Platform) -> int:
    """How many rows and index entries the server reads to thin once."""
    with platform.database.transaction() as tx:
        tx.all("ANALYZE TABLE platform_task_logs")
        before = _handler_reads(tx)
    assert thinning.thin(platform) == thinning.BATCH
    with platform.database.transaction() as tx:
        return _handler_reads(tx) - before


def test_messages_of_what_goes_are_not_more_than_a_batch(platform: Platform) -> None:
    add_logs(platform, [{"id": n, "due_at": OLD + timedelta(minutes=n)} for n in range(1, 4)])
    with platform.database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_task_deliveries (log_id, channel_id, channel_name, channel_type,"
            " uuid, title, result, status, created_at) VALUES (%(id)s, 1, 'c', 'wecom_bot',"
            " %(uuid)s, 't', '1', 'sent', %(at)s)",
            [
                {"id": n % 3 + 1, "uuid": f"{n:032}", "at": OLD}
                for n in range(3 * (thinning.BATCH // 2))
            ],
        )

    assert thinning.thin(platform) == 2
    assert thinning.thin(platform) == 1
    assert left(platform, "platform_task_deliveries", "id") == []


def _handler_reads(tx: Any) -> int:
    rows = tx.all("SHOW SESSION STATUS LIKE 'Handler_read%%'", {})
    return sum(int(row["Value"]) for row in rows)
