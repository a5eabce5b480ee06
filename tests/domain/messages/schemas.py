"""Whether the inbox, which plays the platforms, takes a rendered payload."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain.messages.wecom_app import addressed
from infra.local.inbox_rules import OK, Post, app_message, dingtalk_message, wecom_message


def refusal(channel_type: str, payload: dict[str, Any]) -> str | None:
    """What is said against it, None if nothing; the payload as the platform would get it."""
    if channel_type == "wecom_app":
        payload = addressed(payload, 1000002, {"touser": "@all"}, "a1" * 16)
    kind = payload["msgtype"]
    if channel_type == "wecom_bot" and kind in {"file", "voice"} and "base64" in payload[kind]:
        # As `gateways.robot_media` leaves it.
        payload = {**payload, kind: {"media_id": "m"}}
    body = json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    if channel_type == "dingtalk_bot" and len(body) > 19_000:
        return f"{len(body)} bytes"
    judge = {"dingtalk_bot": dingtalk_message, "wecom_bot": wecom_message}
    answer = judge.get(channel_type, app_message)(
        Post("POST", "application/json", {}, body, payload)
    )
    return None if answer == OK else f"{answer[0]} {answer[1]}"
