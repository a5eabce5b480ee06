"""Where a message goes, as the sandbox is told it when the message may be sent."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.alert_address import read_address
from chalicelib.repositories.database import Row


def exists(row: Row) -> bool:
    """Whether the message's channel is there and on; an address always is."""
    return bool(row["address"] or row["is_enabled"])


def target(row: Row) -> dict[str, Any]:
    """The `channel` of a delivery: its kind, its address, its secret.

    An application's address holds its token; who answers the sandbox puts it in.
    """
    if row["address"]:
        told = read_address(row["address"])
        return {
            "id": None,
            "channel_name": row["sent_to"],
            "channel_type": told.channel_type,
            "webhook_url": told.url,
            "sign_secret": told.secret,
        }
    if row["wecom_app_id"] is not None:
        return {
            "id": None,
            "channel_name": row["sent_to"],
            "channel_type": "wecom_app",
            "webhook_url": "",
            "sign_secret": None,
            "app_id": row["wecom_app_id"],
            "again": row["attempts"] > 1,
        }
    return {
        "id": row["channel_id"],
        "channel_name": row["channel_name"],
        "channel_type": row["channel_type"],
        "webhook_url": row["webhook_url"],
        "sign_secret": row["sign_secret"],
    }
