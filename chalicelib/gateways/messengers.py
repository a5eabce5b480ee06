"""Sending one payload by the way that its kind of channel takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.messages.model import Payload
from chalicelib.gateways import plain_webhook, robots, wecom_app
from chalicelib.gateways.robots import Receipt, Robot


def send(
    robot: Robot, payload: Payload, *, uuid: str, now: datetime, allow: Sequence[str]
) -> Receipt:
    """Send once; see `robots.send`, `plain_webhook.send` and `wecom_app.send`."""
    if robot.channel_type == "webhook":
        return plain_webhook.send(robot, payload, uuid=uuid, allow=allow)
    if robot.channel_type == "wecom_app":
        return wecom_app.send(robot, payload, allow=allow)
    return robots.send(robot, payload, uuid=uuid, now=now, allow=allow)
