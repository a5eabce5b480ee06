"""`platform_locks`: a row to lock for a name that has none of its own."""

from __future__ import annotations

from chalicelib.repositories.database import Transaction


def hold(tx: Transaction, name: str) -> None:
    """Hold a name until the transaction ends; whoever else wants it waits.

    One statement that locks the row exclusively at once, whether it is there or not: a look before
    it would take a shared lock, of which two can deadlock.
    """
    tx.execute(
        "INSERT INTO platform_locks (name) VALUES (%(name)s) ON DUPLICATE KEY UPDATE name = name",
        {"name": name},
    )


def hold_known(tx: Transaction, name: str) -> None:
    """Hold a name that somebody has held before; one that nobody did, nobody waits for."""
    tx.one("SELECT name FROM platform_locks WHERE name = %(name)s FOR UPDATE", {"name": name})
