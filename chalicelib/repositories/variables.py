"""`platform_script_vars`: what scripts keep from run to run."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Row, Transaction


def get(tx: Transaction, task_id: int, key: str) -> str | None:
    """The value's JSON text."""
    row = tx.one(
        "SELECT var_value FROM platform_script_vars"
        " WHERE task_id = %(task_id)s AND var_key = %(key)s",
        {"task_id": task_id, "key": key},
    )
    return row["var_value"] if row else None


def put(tx: Transaction, task_id: int, key: str, value: str, now: datetime) -> None:
    """Store a value's JSON text; one statement, so that of two at once each key keeps one."""
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


def usage(tx: Transaction, task_id: int, without_key: str) -> Row:
    """`n` keys and `bytes` of values that a task has besides one key."""
    row = tx.one(
        "SELECT COUNT(*) AS n, COALESCE(SUM(LENGTH(var_value)), 0) AS bytes"
        " FROM platform_script_vars WHERE task_id = %(task_id)s AND var_key <> %(key)s",
        {"task_id": task_id, "key": without_key},
    )
    assert row is not None  # an aggregate always has a row
    return row
