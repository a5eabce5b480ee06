"""What a test run would have changed: messages of its own and variables, caught and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain.messages.webhook import mask_webhook

#: Messages that are kept, and bytes of all that is caught as JSON.
MOST_MESSAGES = 100
LARGEST = 2 * 1024 * 1024
_CHANNEL_TYPES = ("dingtalk_bot", "wecom_bot")


def clean(told: object) -> dict[str, Any] | None:
    """What a sandbox tells of a test run, in its form and no larger than may be kept.

    `{"messages": [{channel_type, webhook_url, payload, notes: [{zh, en}]}], "left_out": n,
    "variables": {"set": {…}, "deleted": […]}}`; addresses are masked. None for what is none.
    """
    if not isinstance(told, Mapping):
        return None
    variables = _variables(told.get("variables"))
    room = LARGEST - _size(variables)
    if room < 0:
        variables, room = {"set": {}, "deleted": []}, LARGEST
    messages = []
    found = list(_messages(told.get("messages")))
    for message in found[:MOST_MESSAGES]:
        room -= _size(message)
        if room < 0:
            break
        messages.append(message)
    left_out = told.get("left_out")
    missing = left_out if isinstance(left_out, int) and left_out > 0 else 0
    return {
        "messages": messages,
        "left_out": missing + len(found) - len(messages),
        "variables": variables,
    }


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _variables(told: object) -> dict[str, Any]:
    told = told if isinstance(told, Mapping) else {}
    changed, deleted = told.get("set"), told.get("deleted")
    return {
        "set": dict(changed) if isinstance(changed, Mapping) else {},
        "deleted": [str(key) for key in deleted] if isinstance(deleted, list) else [],
    }


def _messages(told: object) -> Iterator[dict[str, Any]]:
    for one in told if isinstance(told, list) else []:
        if isinstance(one, Mapping) and one.get("channel_type") in _CHANNEL_TYPES:
            yield {
                "channel_type": one["channel_type"],
                "webhook_url": mask_webhook(str(one.get("webhook_url"))),
                "payload": one.get("payload"),
                "notes": [note for note in one.get("notes") or [] if _is_note(note)],
            }


def _is_note(note: object) -> bool:
    """Both languages, since nobody knows yet who will read it."""
    return isinstance(note, Mapping) and {*map(type, map(note.get, ("zh", "en")))} == {str}
