"""`platform_task_notify_channels`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.channels import Channel, ChannelSpec
from chalicelib.repositories.database import LOCK, MINE, NEWEST_FIRST, Row, Transaction

_SELECT = """
    SELECT id, tenant_id, channel_name, channel_type, webhook_url, sign_secret, description,
       is_enabled, created_at, updated_at
    FROM platform_task_notify_channels
    WHERE
"""


def _channel(row: Row) -> Channel:
    """Stored rows are taken as they are: an adopted one may break a rule that came later."""
    return Channel.model_construct(**{**row, "is_enabled": bool(row["is_enabled"])})


@dataclass(frozen=True)
class ChannelFilter:
    """What a list of channels is narrowed to; None leaves a field free."""

    tenant_id: str | None = None
    channel_type: str | None = None
    is_enabled: bool | None = None


_COUNT = "SELECT COUNT(*) AS n FROM platform_task_notify_channels WHERE "
_FILTER = """
    (%(tenant_id)s IS NULL OR tenant_id = %(tenant_id)s)
    AND (%(channel_type)s IS NULL OR channel_type = %(channel_type)s)
    AND (%(is_enabled)s IS NULL OR is_enabled = %(is_enabled)s)
"""


def page(tx: Transaction, wanted: ChannelFilter, *, offset: int, limit: int) -> list[Channel]:
    """Newest first."""
    rows = tx.all(
        _SELECT + _FILTER + NEWEST_FIRST,
        {**wanted.__dict__, "offset": offset, "limit": limit},
    )
    return [_channel(row) for row in rows]


def count(tx: Transaction, wanted: ChannelFilter) -> int:
    row = tx.one(_COUNT + _FILTER, wanted.__dict__)
    return int(row["n"]) if row else 0


def get(
    tx: Transaction, channel_id: int, tenant_id: str | None = None, *, lock: bool = False
) -> Channel | None:
    row = tx.one(
        _SELECT + MINE + (LOCK if lock else ""),
        {"id": channel_id, "tenant_id": tenant_id},
    )
    return _channel(row) if row else None


def among(tx: Transaction, ids: Sequence[int]) -> dict[int, Channel]:
    """Those of `ids` that exist, by id."""
    if not ids:
        return {}
    rows = tx.all(
        _SELECT + "id IN %(ids)s",
        {"ids": tuple(ids)},
    )
    return {row["id"]: _channel(row) for row in rows}


def add(tx: Transaction, spec: ChannelSpec, now: datetime) -> int:
    return tx.insert(
        """
        INSERT INTO platform_task_notify_channels
            (tenant_id, channel_name, channel_type, webhook_url, sign_secret, description,
             is_enabled, created_at, updated_at)
        VALUES
            (%(tenant_id)s, %(channel_name)s, %(channel_type)s, %(webhook_url)s, %(sign_secret)s,
             %(description)s, %(is_enabled)s, %(now)s, %(now)s)
        """,
        {**spec.model_dump(), "now": now},
    )


def update(tx: Transaction, channel_id: int, spec: ChannelSpec, now: datetime) -> None:
    values: dict[str, Any] = {**spec.model_dump(), "id": channel_id, "now": now}
    tx.execute(
        """
        UPDATE platform_task_notify_channels
        SET tenant_id = %(tenant_id)s, channel_name = %(channel_name)s,
            channel_type = %(channel_type)s, webhook_url = %(webhook_url)s,
            sign_secret = %(sign_secret)s, description = %(description)s,
            is_enabled = %(is_enabled)s, updated_at = %(now)s
        WHERE id = %(id)s
        """,
        values,
    )


def delete(tx: Transaction, channel_id: int) -> None:
    tx.execute("DELETE FROM platform_task_notify_channels WHERE id = %(id)s", {"id": channel_id})
