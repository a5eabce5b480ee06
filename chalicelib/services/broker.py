"""`broker`: answers a sandbox, for its own attempt or deliveries only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from chalicelib.domain.errors import ZhundianError
from chalicelib.services.attempts import Refused
from chalicelib.services.claiming import claim
from chalicelib.services.delivering import receive_receipts, to_deliver
from chalicelib.services.platform import Platform
from chalicelib.services.reporting import heartbeat, report
from chalicelib.services.script_calls import call

log = logging.getLogger(__name__)

OPERATIONS: dict[str, Callable[[Platform, dict[str, Any]], dict[str, Any]]] = {
    "claim": lambda platform, r: claim(platform, r["log_id"], r["token"], r["nonce"]),
    "heartbeat": heartbeat,
    "call": call,
    "report": report,
    "deliveries": lambda platform, r: to_deliver(platform, r["token"]),
    "receipts": receive_receipts,
}


def answer(platform: Platform, request: dict[str, Any]) -> dict[str, Any]:
    """One request, one answer: `{"ok": true, …}`, or `{"ok": false, "error": …}`, which is final.

    What fails for now (the database is away) is raised, and the caller asks again.
    """
    operation = OPERATIONS.get(str(request.get("op")))
    if operation is None:
        return _error("unknown", f"there is no operation {request.get('op')!r}")
    try:
        return {"ok": True, **operation(platform, _sound(request))}
    except ZhundianError as error:
        return _error(error.code, error.text.en, 403 if isinstance(error, Refused) else 409)
    except (KeyError, TypeError, ValueError):
        log.exception("a request to the broker is malformed", extra={"op": request.get("op")})
        return _error("malformed", "the request is malformed")


def _sound(value: Any) -> Any:
    """Halves of characters, which JSON can name and UTF-8 has not, become question marks."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_sound(key): _sound(inner) for key, inner in value.items()}
    return [_sound(inner) for inner in value] if isinstance(value, list) else value


def _error(code: str, message: str, status: int = 400) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, "status": status}}
