"""What a test run shows besides its log: the messages as they would go out, and its variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain.channels import Channel
from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import render
from chalicelib.domain.runs import Status
from chalicelib.domain.text import Language, Text
from chalicelib.repositories import channels, log_views
from chalicelib.repositories.database import Transaction

#: Stands in for the name of a task that is not there yet, where a message needs a title.
NAMELESS = Text("测试运行", "Test run")


def report(tx: Transaction, log: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """`{"messages": [{channel_id, payload, notes, error}], "variables": {"set", "deleted"}}`.

    The script's own messages come first, with `channel_id` None and the robot's masked address.
    """
    spec, captured = log_views.of_test(tx, log["id"])
    messages = list(_own(captured, language))
    if log["status"] == Status.SUCCESS and log["result"] is not None:
        wanted = spec.get("notify_channels") or []
        found = channels.among(tx, wanted)
        title = log["task_name"] or NAMELESS.in_(language)
        for channel in (found[channel_id] for channel_id in wanted if channel_id in found):
            messages += _for_channel(channel, log["result"], title, language)
    variables = captured.get("variables") or {"set": {}, "deleted": []}
    return {"messages": messages, "variables": variables}


def _own(captured: Mapping[str, Any], language: Language) -> Iterator[dict[str, Any]]:
    for message in captured.get("messages") or []:
        notes = [note[language] for note in message["notes"]]
        yield {"channel_id": None, **message, "notes": notes, "error": None}
    if left_out := captured.get("left_out"):
        text = Text(f"另有 {left_out} 条消息未展示", f"{left_out} more messages are not shown")
        yield {"channel_id": None, "payload": None, "notes": [], "error": text.in_(language)}


def _for_channel(
    channel: Channel, result: Any, title: str, language: Language
) -> list[dict[str, Any]]:
    known = {"channel_id": channel.id}
    try:
        rendered = render(result, channel.channel_type, title)
    except Wrong as error:
        return [{**known, "payload": None, "notes": [], "error": error.text.in_(language)}]
    notes = [note.in_(language) for note in rendered.notes]
    return [
        {**known, "payload": payload, "notes": notes, "error": None}
        for payload in rendered.payloads
    ]
