"""Work that met a deadlock, or waited too long for a lock, is done once more; no other is."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import pymysql
import pytest

from chalicelib.repositories.database import Database, Transaction

TENANTS = [(f"t{n:03}", "name") for n in range(100)]
_PATIENCE = 20.0


@pytest.fixture
def database(migrated_database: str) -> Iterator[Database]:
    database = Database(migrated_database)
    with database.transaction() as tx:
        tx.insert_rows("INSERT INTO platform_tenants (tenant_id, tenant_name) VALUES", TENANTS)
    yield database
    database.close()


def name(tx: Transaction, tenant_id: str, new: str) -> None:
    tx.execute(
        "UPDATE platform_tenants SET tenant_name = CONCAT(tenant_name, %(new)s)"
        " WHERE tenant_id = %(id)s",
        {"id": tenant_id, "new": new},
    )


def names(database: Database) -> list[str]:
    with database.transaction() as tx:
        rows = tx.all("SELECT tenant_name FROM platform_tenants ORDER BY tenant_id LIMIT 2")
    return [row["tenant_name"] for row in rows]


def test_the_victim_of_a_deadlock_does_its_work_once_more(database: Database) -> None:
    """The other one has changed more rows, so that the server rolls ours back."""
    it_holds, we_hold = Event(), Event()

    def other() -> None:
        with database.transaction() as tx:
            tx.execute("UPDATE platform_tenants SET is_enabled = 0 WHERE tenant_id >= 't001'")
            it_holds.set()
            assert we_hold.wait(_PATIENCE)
            name(tx, "t000", "+other")

    thread = Thread(target=other)
    thread.start()
    times = 0

    def work(tx: Transaction) -> str:
        nonlocal times
        times += 1
        assert it_holds.wait(_PATIENCE)
        name(tx, "t000", "+ours")
        we_hold.set()
        name(tx, "t001", "+ours")
        return "done"

    answer = database.run(work)
    thread.join()

    assert (answer, times) == ("done", 2)
    assert names(database) == ["name+other+ours", "name+ours"]


def test_who_waits_too_long_for_a_lock_tries_once_more_and_then_gives_up(
    database: Database,
) -> None:
    times = 0

    def work(tx: Transaction) -> None:
        nonlocal times
        times += 1
        tx.execute("SET SESSION innodb_lock_wait_timeout = 1")
        name(tx, "t001", "+ours")
        name(tx, "t000", "+ours")

    with database.transaction() as holder:
        name(holder, "t000", "+holder")
        with pytest.raises(pymysql.err.OperationalError, match="Lock wait timeout"):
            database.run(work)

    assert times == 2
    assert names(database) == ["name+holder", "name"]


def test_other_failures_are_told_at_once(database: Database) -> None:
    times = 0

    def work(tx: Transaction) -> None:
        nonlocal times
        times += 1
        tx.execute("SELECT nothing FROM nowhere")

    with pytest.raises(pymysql.err.ProgrammingError):
        database.run(work)

    assert times == 1
