"""What DingTalk and WeCom refuse, with their codes and words; the inbox plays them by this."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local.inbox_schemas import fault, is_type

#: An errcode and errmsg; (0, "ok") is success.
Answer = tuple[int, str]
OK: Answer = (0, "ok")

_MORE = "more: [https://open.dingtalk.com/document/robots/customize-robot-security-settings]"
_MAX_DINGTALK_BODY = 20_000
_MAX_IMAGE_BYTES = 2 << 20


@dataclass(frozen=True)
class Post:
    """What a sender posted; `payload` is None unless the body is a JSON object."""

    method: str
    content_type: str
    query: Mapping[str, str]
    body: bytes
    payload: dict[str, Any] | None


def parsed(body: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def envelope(post: Post) -> Answer:
    """What both platforms check first: method, content type, JSON."""
    if post.method != "POST":
        return 43002, "require POST method"
    if post.content_type != "application/json":
        return 43004, "无效的HTTP HEADER Content-Type"
    return OK if post.payload is not None else (40035, "缺少参数 json")


def dingtalk_signature(query: Mapping[str, str], secret: str, now: datetime) -> Answer:
    """310000 unless `sign` is right and `timestamp` (ms) within an hour."""
    timestamp = query.get("timestamp", "")
    if (
        not re.fullmatch(r"[0-9]{1,15}", timestamp)
        or abs(now.timestamp() - int(timestamp) / 1000) > 3600
    ):
        return 310000, f"invalid timestamp, {_MORE}"
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    expected = base64.b64encode(digest)
    if not hmac.compare_digest(expected, query.get("sign", "").encode()):
        return 310000, f"sign not match, {_MORE}"
    return OK


def dingtalk_message(post: Post) -> Answer:
    if len(post.body) > _MAX_DINGTALK_BODY:
        return 460101, "message too long, exceed 20000 bytes"
    payload = post.payload or {}
    if not is_type("dingtalk", payload.get("msgtype")):
        return 400105, "msgtype is not supported"
    found = fault("dingtalk", payload)
    # DingTalk has one code for all of it.
    return (40035, f"缺少参数 {found.where}") if found else OK


def dingtalk_keywords(post: Post, keywords: Sequence[str]) -> Answer:
    """310000 unless one of the robot's keywords, if it has any, is in the message's words."""
    payload = post.payload or {}
    words = json.dumps(payload.get(payload["msgtype"]), ensure_ascii=False)
    if keywords and not any(one in words for one in keywords):
        return 310000, f"keywords not in content, {_MORE}"
    return OK


def wecom_message(post: Post) -> Answer:
    return _wecom("wecom", post.payload or {})


def app_message(post: Post) -> Answer:
    payload = post.payload or {}
    agent = payload.get("agentid")
    if not isinstance(agent, int) or isinstance(agent, bool):
        return 40056, "invalid agentid"
    if not any(payload.get(name) for name in ("touser", "toparty", "totag")):
        return 81013, "user & party & tag all invalid"
    return _wecom("wecom_app", payload)


def _wecom(platform: str, payload: Mapping[str, Any]) -> Answer:
    if not is_type(platform, payload.get("msgtype")):
        return 40008, "invalid message type"
    found = fault(platform, payload)
    if found is None:
        return _picture(payload)
    if found.code == 44004:
        return 44004, "empty content"
    return found.code, f"{found.where} {found.why}. invalid Request Parameter"


def _picture(payload: Mapping[str, Any]) -> Answer:
    """What no schema can say: an image's bytes, and their checksum."""
    image = payload.get("image")
    if payload["msgtype"] != "image" or not isinstance(image, dict) or "base64" not in image:
        return OK
    try:
        data = base64.b64decode(image["base64"], validate=True)
    except ValueError:
        return 40058, "image.base64 is invalid. invalid Request Parameter"
    if len(data) > _MAX_IMAGE_BYTES:
        return 40006, "invalid file size"
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return 40058, "image.base64 is no JPG or PNG. invalid Request Parameter"
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != image["md5"]:
        return 40058, "image.md5 does not match. invalid Request Parameter"
    return OK
