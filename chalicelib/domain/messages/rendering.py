"""From a script's `result` to what a channel's robot is sent: one table of builders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import dingtalk, wecom
from chalicelib.domain.messages.model import Message, Rendered
from chalicelib.domain.messages.reading import msg_type_of, read_message
from chalicelib.domain.text import Text

Builder = Callable[[Message], Rendered]

#: (msg_type, channel_type) → who builds it.
BUILDERS: dict[tuple[str, str], Builder] = {
    ("text", "dingtalk_bot"): dingtalk.text,
    ("text", "wecom_bot"): wecom.text,
    ("markdown", "dingtalk_bot"): dingtalk.markdown,
    ("markdown", "wecom_bot"): wecom.markdown,
    ("markdown_v2", "dingtalk_bot"): dingtalk.markdown_v2,
    ("markdown_v2", "wecom_bot"): wecom.markdown_v2,
    ("link", "dingtalk_bot"): dingtalk.link,
    ("link", "wecom_bot"): wecom.link,
    ("actionCard", "dingtalk_bot"): dingtalk.action_card,
    ("actionCard", "wecom_bot"): wecom.action_card,
}


def render(result: object, channel_type: str, fallback_title: str) -> Rendered:
    """Shape a script's result (a dict, or a string as Markdown) for a kind of channel.

    `fallback_title` is used where a title is needed and nothing else gives one. Raises
    `Wrong` if the result cannot be sent there; nothing is left out without a note.
    """
    msg_type = msg_type_of(result)
    builder = BUILDERS.get((msg_type, channel_type))
    if builder is None:
        raise _unsupported(msg_type, channel_type)
    message, notes = read_message(result, fallback_title)
    rendered = builder(message)
    return Rendered(rendered.payloads, notes + rendered.notes)


def render_direct(content: object, channel_type: str, title: str) -> Rendered:
    """Shape what a script sends by itself: a string is Markdown, a dict is as a result.

    The title of a string names the message in lists and notifications, as DingTalk has it, and
    is not made a heading: the caller wrote the whole text. Raises `Wrong` as `render` does.
    """
    if not isinstance(content, str):
        return render(content, channel_type, title)
    message, notes = read_message({"content": content, "title": title}, "")
    rendered = BUILDERS["markdown", channel_type](replace(message, given_title=""))
    return Rendered(rendered.payloads, notes + rendered.notes)


def _unsupported(msg_type: str, channel_type: str) -> Wrong:
    names = ", ".join(kind for kind, channel in BUILDERS if channel == channel_type)
    if not names:
        channels = ", ".join(sorted({channel for _, channel in BUILDERS}))
        return Wrong(
            Text(
                f"不支持的渠道类型 {channel_type},可用: {channels}",
                f"Channel type {channel_type} is not supported; use one of {channels}",
            )
        )
    return Wrong(
        Text(
            f"渠道 {channel_type} 不支持消息类型 {msg_type},可用: {names}",
            f"msg_type {msg_type} is not supported for {channel_type}; use one of {names}",
        )
    )
