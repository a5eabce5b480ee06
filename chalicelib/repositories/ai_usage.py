"""`platform_ai_usage` and `platform_ai_budgets`: tokens of each tenant and month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.ai import Tokens
from chalicelib.repositories.database import Row, Transaction


@dataclass(frozen=True)
class Account:
    """What one call is counted under; `tenant_key` is `_platform` for global tasks."""

    tenant_key: str
    month: str
    paid_by: str
    model: str


def add(tx: Transaction, account: Account, tokens: Tokens) -> None:
    """One statement, so that of many at once each counts."""
    tx.execute(
        """
        INSERT INTO platform_ai_usage
            (tenant_key, month, paid_by, model, calls, prompt_tokens, completion_tokens)
        VALUES
            (%(tenant_key)s, %(month)s, %(paid_by)s, %(model)s, 1, %(prompt)s, %(completion)s)
        ON DUPLICATE KEY UPDATE calls = calls + 1,
            prompt_tokens = prompt_tokens + %(prompt)s,
            completion_tokens = completion_tokens + %(completion)s
        """,
        {**account.__dict__, "prompt": tokens.prompt, "completion": tokens.completion},
    )


def add_to_log(tx: Transaction, log_id: int, tokens: Tokens) -> None:
    tx.execute(
        "UPDATE platform_task_logs SET ai_tokens = ai_tokens + %(tokens)s WHERE id = %(id)s",
        {"id": log_id, "tokens": tokens.total},
    )


def used(tx: Transaction, tenant_key: str, month: str) -> int:
    """Tokens that a tenant used in a month at the platform's expense."""
    row = tx.one(
        "SELECT COALESCE(SUM(prompt_tokens + completion_tokens), 0) AS n FROM platform_ai_usage"
        " WHERE tenant_key = %(tenant_key)s AND month = %(month)s AND paid_by = 'platform'",
        {"tenant_key": tenant_key, "month": month},
    )
    return int(row["n"]) if row else 0


_SELECT = """
    SELECT NULLIF(tenant_key, '_platform') AS tenant_id, month, model, paid_by, calls,
           prompt_tokens, completion_tokens
    FROM platform_ai_usage
    WHERE
"""
_COUNT = "SELECT COUNT(*) AS n FROM platform_ai_usage WHERE "
_FILTER = "month = %(month)s AND (%(tenant_key)s IS NULL OR tenant_key = %(tenant_key)s)"
_ORDER = " ORDER BY tenant_key, model, paid_by LIMIT %(limit)s OFFSET %(offset)s"


def page(
    tx: Transaction, tenant_key: str | None, month: str, *, offset: int, limit: int
) -> list[Row]:
    """One row for each model, of one tenant or all."""
    values = {"tenant_key": tenant_key, "month": month, "offset": offset, "limit": limit}
    return tx.all(_SELECT + _FILTER + _ORDER, values)


def count(tx: Transaction, tenant_key: str | None, month: str) -> int:
    row = tx.one(_COUNT + _FILTER, {"tenant_key": tenant_key, "month": month})
    return int(row["n"]) if row else 0


def budget(tx: Transaction, tenant_key: str) -> int | None:
    """The tenant's own limit; None where that of the settings holds."""
    row = tx.one(
        "SELECT monthly_tokens FROM platform_ai_budgets WHERE tenant_key = %(tenant_key)s",
        {"tenant_key": tenant_key},
    )
    return int(row["monthly_tokens"]) if row else None


def set_budget(tx: Transaction, tenant_key: str, tokens: int | None, now: datetime) -> None:
    """None: that of the settings holds again."""
    if tokens is None:
        tx.execute(
            "DELETE FROM platform_ai_budgets WHERE tenant_key = %(tenant_key)s",
            {"tenant_key": tenant_key},
        )
        return
    tx.execute(
        "INSERT INTO platform_ai_budgets (tenant_key, monthly_tokens, updated_at)"
        " VALUES (%(tenant_key)s, %(tokens)s, %(now)s)"
        " ON DUPLICATE KEY UPDATE monthly_tokens = %(tokens)s, updated_at = %(now)s",
        {"tenant_key": tenant_key, "tokens": tokens, "now": now},
    )
