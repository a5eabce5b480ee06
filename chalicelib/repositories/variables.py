"""`platform_script_vars`: what scripts keep from run to run."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Row, Transaction, like

_FILTER = """
    FROM platform_script_vars
    WHERE task_id = %(task_id)s
      AND (%(pattern)s IS NULL OR var_key COLLATE utf8mb4_general_ci LIKE %(pattern)s ESCAPE '!')
"""


def get(tx: Transaction, task_id: int, key: str) -> Row | None:
    """`value` (JSON text) and `updated_at`."""
    return tx.one(
        "SELECT var_value AS value, updated_at FROM platform_script_vars"
        " WHERE task_id = %(task_id)s AND var_key = %(key)s",
        {"task_id": task_id, "key": key},
    )


def page(
    tx: Transaction, task_id: int, search: str | None, *, offset: int, limit: int
) -> list[Row]:
    """`key`, `value` (JSON text) and `updated_at`, in the order of the keys."""
    return tx.all(
        "SELECT var_key AS `key`, var_value AS value, updated_at"
        + _FILTER
        + "ORDER BY var_key LIMIT %(limit)s OFFSET %(offset)s",
        {"task_id": task_id, "pattern": like(search), "offset": offset, "limit": limit},
    )


def count(tx: Transaction, task_id: int, search: str | None) -> int:
    row = tx.one("SELECT COUNT(*) AS n" + _FILTER, {"task_id": task_id, "pattern": like(search)})
    return int(row["n"]) if row else 0


def lock(tx: Transaction, task_id: int) -> None:
    """Hold all variables of a task, those too that do not exist yet, against other changes.

    Not the task's row: a tick would pass over the task as long as a script stores something.
    """
    tx.execute(
        "INSERT INTO platform_script_var_locks (task_id) VALUES (%(task_id)s)"
        " ON DUPLICATE KEY UPDATE task_id = %(task_id)s",
        {"task_id": task_id},
    )


def put(tx: Transaction, task_id: int, key: str, value: str, now: datetime) -> None:
    """Store a value's JSON text."""
    tx.execute(
        "INSERT INTO platform_script_vars (task_id, var_key, var_value, updated_at)"
        " VALUES (%(task_id)s, %(key)s, %(value)s, %(now)s)"
        " ON DUPLICATE KEY UPDATE var_value = %(value)s, updated_at = %(now)s",
        {"task_id": task_id, "key": key, "value": value, "now": now},
    )


def delete(tx: Transaction, task_id: int, key: str) -> bool:
    """False where there was no such variable."""
    deleted = tx.execute(
        "DELETE FROM platform_script_vars WHERE task_id = %(task_id)s AND var_key = %(key)s",
        {"task_id": task_id, "key": key},
    )
    return deleted == 1


def delete_all(tx: Transaction, task_id: int) -> None:
    """Delete what a task keeps; the caller holds `lock`."""
    tx.execute("DELETE FROM platform_script_vars WHERE task_id = %(task_id)s", {"task_id": task_id})
    tx.execute(
        "DELETE FROM platform_script_var_locks WHERE task_id = %(task_id)s", {"task_id": task_id}
    )


def usage(tx: Transaction, task_id: int, without_key: str) -> Row:
    """`n` keys and `bytes` of values that a task has besides one key."""
    row = tx.one(
        "SELECT COUNT(*) AS n, COALESCE(SUM(LENGTH(var_value)), 0) AS bytes"
        " FROM platform_script_vars WHERE task_id = %(task_id)s AND var_key <> %(key)s",
        {"task_id": task_id, "key": without_key},
    )
    assert row is not None  # an aggregate always has a row
    return row
