"""`platform_ticks`: when dispatch last finished."""

from __future__ import annotations

from datetime import datetime

from chalicelib.repositories.database import Transaction


def record(tx: Transaction, now: datetime) -> None:
    tx.execute(
        "INSERT INTO platform_ticks (id, ticked_at) VALUES (1, %(now)s)"
        " ON DUPLICATE KEY UPDATE ticked_at = GREATEST(ticked_at, %(now)s)",
        {"now": now},
    )


def last(tx: Transaction) -> datetime | None:
    row = tx.one("SELECT ticked_at FROM platform_ticks WHERE id = 1")
    return row["ticked_at"] if row else None
