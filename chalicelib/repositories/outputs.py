"""`platform_task_log_output`: what a running attempt has printed so far."""

from __future__ import annotations

from chalicelib.repositories.database import Transaction


def add(tx: Transaction, log_id: int, char_offset: int, output: str) -> None:
    """Store a chunk; sent again after a lost answer it may only have grown.

    A request that comes late, after the one that repeats it, cuts nothing off.
    """
    if output:
        tx.execute(
            "INSERT INTO platform_task_log_output (log_id, char_offset, output)"
            " VALUES (%(log_id)s, %(char_offset)s, %(output)s)"
            " ON DUPLICATE KEY UPDATE output = IF("
            "CHAR_LENGTH(%(output)s) > CHAR_LENGTH(output), %(output)s, output)",
            {"log_id": log_id, "char_offset": char_offset, "output": output},
        )


def text(tx: Transaction, log_id: int) -> str:
    """All chunks in order; one that a lost answer made overlap the next is cut there."""
    rows = tx.all(
        "SELECT char_offset, output FROM platform_task_log_output"
        " WHERE log_id = %(log_id)s ORDER BY char_offset",
        {"log_id": log_id},
    )
    whole = ""
    for row in rows:
        whole = whole[: row["char_offset"]] + row["output"]
    return whole


def clear(tx: Transaction, log_id: int) -> None:
    """The attempt has ended; its row holds the output now."""
    tx.execute("DELETE FROM platform_task_log_output WHERE log_id = %(log_id)s", {"log_id": log_id})
