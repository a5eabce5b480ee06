"""Posting a message to an address that is no robot's: JSON, and 2xx means that it came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.gateways.http import HttpFailed, Request, fetch
from chalicelib.gateways.robots import Receipt, Robot

_TIMEOUT_SECONDS = 15.0
_MAX_ANSWER_BYTES = 256 * 1024
#: Failures that mean the address, not the moment.
_FOR_GOOD = frozenset({"refused", "redirects"})
SOON_SECONDS = 60


def send(robot: Robot, payload: dict[str, Any], *, uuid: str, allow: Sequence[str]) -> Receipt:
    """Post once; whatever happens is in the receipt. `allow`: see `check_url`.

    `Idempotency-Key` is the same for every try of one message (the name of the IETF draft
    draft-ietf-httpapi-idempotency-key-header), so a receiver may tell a copy.
    """
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": uuid}
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    try:
        answer = fetch(
            Request("POST", robot.webhook_url, headers, body),
            allow=allow,
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MAX_ANSWER_BYTES,
            max_redirects=0,
        )
    except HttpFailed as failure:
        if failure.kind in _FOR_GOOD:
            return Receipt("failed", None, failure.text.zh, None)
        return Receipt("later", None, failure.text.zh, SOON_SECONDS)
    if 200 <= answer.status < 300:
        return Receipt("sent", None, f"HTTP {answer.status}", None)
    words = f"地址返回 HTTP {answer.status},应为 2xx"
    if answer.status >= 500 or answer.status in (408, 425, 429):
        return Receipt("later", None, words, SOON_SECONDS)
    return Receipt("failed", None, words, None)
