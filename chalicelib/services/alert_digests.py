"""From alerts to messages: each tick tells each target all that came since the last one."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.alert_address import read_address
from chalicelib.domain.alerts import LONGEST_OUTPUT, Alert, for_machine, messages
from chalicelib.repositories import alerts, channels, deliveries, wecom_apps
from chalicelib.repositories.database import Row, Transaction
from chalicelib.repositories.deliveries import NewDelivery
from chalicelib.services.platform import Platform

BATCH = 500
LONGEST_TITLE = 100
#: What is made here goes out by the same tick.
_AT_ONCE = timedelta(microseconds=1)


def make_messages(platform: Platform) -> None:
    """Put what waits into the outbox, one message for all that one target is to be told."""
    while True:
        with platform.database.transaction() as tx:
            waiting = alerts.waiting(tx, BATCH)
            if waiting:
                _make(tx, platform, waiting)
        if len(waiting) < BATCH:
            return


def _make(tx: Transaction, platform: Platform, waiting: Sequence[Row]) -> None:
    runs = alerts.runs(tx, [row["log_id"] for row in waiting], LONGEST_OUTPUT)
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in waiting:
        where = (row["channel_id"], row["wecom_app_id"], row["address"])
        groups[(row["tenant_id"], row["kind"], *where)].append(row)
    for rows in groups.values():
        target = _target(tx, rows[0])
        told = [_alert(platform, row, runs) for row in rows if row["log_id"] in runs]
        if target and told:
            _tell(tx, platform, target, rows[0], told)
        else:
            told = []
        left = {row["id"] for row in rows} - {alert.id for alert in told}
        alerts.drop(tx, sorted(left))


def _alert(platform: Platform, row: Row, runs: dict[int, Row]) -> Alert:
    public = platform.settings.public_url
    link = f"{public}/logs/{row['log_id']}" if public else ""
    return Alert(row["id"], row["kind"], row["failures"], runs[row["log_id"]], link)


def _target(tx: Transaction, row: Row) -> dict[str, Any] | None:
    """The columns of a delivery that say where to; None if the channel is gone or off."""
    if row["address"]:
        told = read_address(row["address"])
        return {
            "channel_id": None,
            "channel_name": f"alert_webhook {_host(told.url)}"[:100],
            "channel_type": told.channel_type,
            "address": row["address"],
        }
    if row["wecom_app_id"] is not None:
        app = wecom_apps.get(tx, row["wecom_app_id"])
        if app is None or not app.app.is_enabled:
            return None
        return {
            "channel_id": None,
            "channel_name": app.app.app_name,
            "channel_type": "wecom_app",
            "wecom_app_id": app.app.id,
        }
    channel = channels.among(tx, [row["channel_id"]]).get(row["channel_id"])
    if channel is None or not channel.is_enabled:
        return None
    return {
        "channel_id": channel.id,
        "channel_name": channel.channel_name,
        "channel_type": channel.channel_type,
    }


def _host(url: str) -> str:
    """Of an address that is no robot's even the path may be a secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _tell(
    tx: Transaction, platform: Platform, target: dict[str, Any], first: Row, told: Sequence[Alert]
) -> None:
    now = platform.now()
    for part, message in messages(told):
        plain = target["channel_type"] == "webhook"
        delivery = NewDelivery(
            log_id=None,
            tenant_id=first["tenant_id"],
            uuid=uuid.uuid4().hex,
            title=message["title"][:LONGEST_TITLE],
            result=for_machine(message, part) if plain else message,
            kind=first["kind"],
            **target,
        )
        made = deliveries.add(tx, delivery, now=now, lease_until=now - _AT_ONCE)
        alerts.told(tx, [alert.id for alert in part], made)
