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
    """All that is stored, in order."""
    return whole(tx, log_id, (0, ""))[0]


def whole(tx: Transaction, log_id: int, last: tuple[int, str]) -> tuple[str, bool]:
    """All chunks in order, and whether some are stored; one that a lost answer made overlap the
    next is cut there.

    `last` (its offset, its text) comes with the end and is not stored for that moment; as in
    `add`, of two with the same offset the longer one counts.
    """
    rows = tx.all(
        "SELECT char_offset, output FROM platform_task_log_output WHERE log_id = %(log_id)s",
        {"log_id": log_id},
    )
    chunks = {row["char_offset"]: row["output"] for row in rows}
    offset, output = last
    if len(output) > len(chunks.get(offset, "")):
        chunks[offset] = output
    text = ""
    for start, chunk in sorted(chunks.items()):
        text = text[:start] + chunk
    return text, bool(rows)


def clear(tx: Transaction, log_id: int) -> None:
    """The attempt has ended; its row holds the output now."""
    tx.execute("DELETE FROM platform_task_log_output WHERE log_id = %(log_id)s", {"log_id": log_id})
