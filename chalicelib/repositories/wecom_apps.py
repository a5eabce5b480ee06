"""`platform_wecom_apps`, and `platform_wecom_tokens` that are fetched for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain.wecom_apps import WecomApp, WecomAppFields
from chalicelib.repositories.database import LOCK, MINE, NEWEST_FIRST, Row, Transaction

TABLE = "platform_wecom_apps"
_SELECT = """
    SELECT id, tenant_id, app_name, corpid, agentid, secret_sealed, touser, toparty, totag,
       api_base, description, is_enabled, created_at, updated_at
    FROM platform_wecom_apps
    WHERE
"""
_OF = "(%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)"
_TOKEN = "SELECT token_sealed, expires_at FROM platform_wecom_tokens WHERE app_key = %(key)s"
_COUNT = "SELECT COUNT(*) AS n FROM platform_wecom_apps WHERE "


@dataclass(frozen=True)
class SealedApp:
    """An application and its secret as it lies there."""

    app: WecomApp
    sealed: str = field(repr=False)


def _app(row: Row) -> SealedApp:
    fields = {**row, "is_enabled": bool(row["is_enabled"])}
    sealed = fields.pop("secret_sealed")
    return SealedApp(WecomApp.model_construct(**fields), sealed)


def page(tx: Transaction, tenant_id: str | None, *, offset: int, limit: int) -> list[WecomApp]:
    """Newest first; of one tenant, or all."""
    rows = tx.all(
        _SELECT + _OF + NEWEST_FIRST,
        {"tenant_id": tenant_id, "offset": offset, "limit": limit},
    )
    return [_app(row).app for row in rows]


def count(tx: Transaction, tenant_id: str | None) -> int:
    row = tx.one(_COUNT + _OF, {"tenant_id": tenant_id})
    return int(row["n"]) if row else 0


def get(
    tx: Transaction, app_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> SealedApp | None:
    row = tx.one(_SELECT + MINE + (LOCK if lock else ""), {"id": app_id, "tenant_id": tenant_id})
    return _app(row) if row else None


def add(tx: Transaction, spec: WecomAppFields, sealed: str, now: datetime) -> int:
    return tx.insert(
        """
        INSERT INTO platform_wecom_apps
            (tenant_id, app_name, corpid, agentid, secret_sealed, touser, toparty, totag, api_base,
             description, is_enabled, created_at, updated_at)
        VALUES
            (%(tenant_id)s, %(app_name)s, %(corpid)s, %(agentid)s, %(sealed)s, %(touser)s,
             %(toparty)s, %(totag)s, %(api_base)s, %(description)s, %(is_enabled)s, %(now)s,
             %(now)s)
        """,
        _columns(spec, sealed, now),
    )


def update(tx: Transaction, app_id: int, spec: WecomAppFields, sealed: str, now: datetime) -> None:
    tx.execute(
        """
        UPDATE platform_wecom_apps
        SET app_name = %(app_name)s, corpid = %(corpid)s, agentid = %(agentid)s,
            secret_sealed = %(sealed)s, touser = %(touser)s, toparty = %(toparty)s,
            totag = %(totag)s, api_base = %(api_base)s, description = %(description)s,
            is_enabled = %(is_enabled)s, updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {**_columns(spec, sealed, now), "id": app_id},
    )


def _columns(spec: WecomAppFields, sealed: str, now: datetime) -> Mapping[str, Any]:
    fields = spec.model_dump(include=set(WecomAppFields.model_fields))
    return {**fields, "sealed": sealed, "now": now}


def delete(tx: Transaction, app_id: int) -> None:
    tx.execute("DELETE FROM platform_wecom_apps WHERE id = %(id)s", {"id": app_id})


def tasks_of(tx: Transaction, app_id: int) -> list[int]:
    """Tasks that send by an application, 20 at most."""
    rows = tx.all(
        "SELECT id FROM platform_scheduled_tasks WHERE notify_wecom_app_id = %(id)s LIMIT 20",
        {"id": app_id},
    )
    return [row["id"] for row in rows]


def token(tx: Transaction, app_key: bytes, *, lock: bool = False) -> Row | None:
    """`token_sealed` and `expires_at` of the token of one application; `lock` holds the row."""
    return tx.one(_TOKEN + (LOCK if lock else ""), {"key": app_key})


def make_token_row(tx: Transaction, app_key: bytes) -> None:
    """So that there is something to lock. Alone in its transaction: who finds the row there has a
    shared lock on it, and two of those never become exclusive."""
    tx.execute(
        "INSERT IGNORE INTO platform_wecom_tokens (app_key) VALUES (%(key)s)", {"key": app_key}
    )


def set_token(tx: Transaction, app_key: bytes, sealed: str, expires_at: datetime) -> None:
    tx.execute(
        "UPDATE platform_wecom_tokens SET token_sealed = %(sealed)s, expires_at = %(expires_at)s"
        " WHERE app_key = %(key)s",
        {"key": app_key, "sealed": sealed, "expires_at": expires_at},
    )


def drop_token(tx: Transaction, app_key: bytes) -> None:
    tx.execute(
        "UPDATE platform_wecom_tokens SET token_sealed = NULL, expires_at = NULL"
        " WHERE app_key = %(key)s",
        {"key": app_key},
    )
