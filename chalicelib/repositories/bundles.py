"""`platform_script_bundles`: which bundle some requirements came to, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.repositories.database import Transaction, decode_json, encode_json


def find(
    tx: Transaction, requirements: str, since: datetime
) -> tuple[str, list[dict[str, Any]]] | None:
    """Key and packages of the bundle of these requirements (their fingerprint), if made since."""
    row = tx.one(
        "SELECT bundle, packages FROM platform_script_bundles"
        " WHERE requirements = %(requirements)s AND built_at >= %(since)s",
        {"requirements": requirements, "since": since},
    )
    return (row["bundle"], decode_json(row["packages"])) if row else None


def keep(
    tx: Transaction,
    requirements: str,
    bundle: str,
    packages: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    """Note the newest bundle of these requirements."""
    tx.execute(
        """
        INSERT INTO platform_script_bundles (requirements, bundle, packages, built_at)
        VALUES (%(requirements)s, %(bundle)s, %(packages)s, %(now)s)
        ON DUPLICATE KEY UPDATE bundle = %(bundle)s, packages = %(packages)s, built_at = %(now)s
        """,
        {
            "requirements": requirements,
            "bundle": bundle,
            "packages": encode_json(list(packages)),
            "now": now,
        },
    )
