"""From a script's `result` to what a channel's robot is sent: one table of builders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import dingtalk, dingtalk_more, wecom, wecom_app, wecom_more
from chalicelib.domain.messages.model import Message, Rendered
from chalicelib.domain.messages.reading import msg_type_of, read_message
from chalicelib.domain.text import Text

Builder = Callable[[Message], Rendered]

#: The order of the columns of `_TABLE`.
CHANNELS = ("dingtalk_bot", "wecom_bot", "wecom_app")
_TABLE: dict[str, tuple[Builder, Builder, Builder]] = {
    "text": (dingtalk.text, wecom.text, wecom_app.text),
    "markdown": (dingtalk.markdown, wecom.markdown, wecom_app.markdown),
    "markdown_v2": (dingtalk.markdown_v2, wecom.markdown_v2, wecom_app.markdown_v2),
    "link": (dingtalk.link, wecom.link, wecom_app.link),
    "actionCard": (dingtalk.action_card, wecom.action_card, wecom_app.action_card),
    "feedCard": (dingtalk_more.feed_card, wecom_more.feed_card, wecom_app.feed_card),
    "news": (dingtalk_more.news, wecom_more.news, wecom_app.news),
    "template_card": (
        *(dingtalk_more.template_card, wecom_more.template_card),
        wecom_app.template_card,
    ),
    "textcard": (dingtalk_more.textcard, wecom_more.textcard, wecom_app.textcard),
    "image": (dingtalk_more.image, wecom_more.image, wecom_app.media),
    "file": (dingtalk_more.file, wecom_more.file, wecom_app.media),
    "voice": (dingtalk_more.voice_or_video, wecom_more.voice, wecom_app.media),
    "video": (dingtalk_more.voice_or_video, wecom_more.file, wecom_app.media),
    "raw": (dingtalk_more.raw, wecom_more.raw, wecom_more.raw_of_app),
}
#: (msg_type, channel_type) → who builds it.
BUILDERS: dict[tuple[str, str], Builder] = {
    (msg_type, channel): builder
    for msg_type, builders in _TABLE.items()
    for channel, builder in zip(CHANNELS, builders, strict=True)
}
#: What a robot takes in a minute; one result makes no more.
MOST_MESSAGES = 20


def render(result: object, channel_type: str, fallback_title: str, page: str = "") -> Rendered:
    """Shape a script's result for a kind of channel.

    A result is a dict, a string (Markdown), or a list of them: several messages. None, also in
    a list, and an empty list are no message. `fallback_title` is used where a title is needed
    and nothing else gives one; `page` is the address of the run's page, if known, for what a
    message has no room for. Raises `Wrong` that names the key if the result cannot be sent
    there; nothing is left out without a note.
    """
    if channel_type not in CHANNELS:
        raise _unsupported("", channel_type)
    if result is None:
        return Rendered(())
    if not isinstance(result, list | tuple):
        return _limited([_one(result, channel_type, fallback_title, page)])
    if len(result) > MOST_MESSAGES:
        raise _too_many()
    rendered = []
    for index, one in enumerate(result):
        if one is None:
            continue
        try:
            rendered.append(_one(one, channel_type, fallback_title, page))
        except Wrong as wrong:
            said = wrong.text
            raise Wrong(
                Text(f"result[{index}]: {said.zh}", f"result[{index}]: {said.en}")
            ) from None
    return _limited(rendered)


def _one(result: object, channel_type: str, fallback_title: str, page: str) -> Rendered:
    msg_type = msg_type_of(result)
    builder = BUILDERS.get((msg_type, channel_type))
    if builder is None:
        raise _unsupported(msg_type, channel_type)
    message, notes = read_message(result, fallback_title, page)
    return builder(message).noted(*notes)


def _limited(rendered: Iterable[Rendered]) -> Rendered:
    every = list(rendered)
    payloads = tuple(payload for one in every for payload in one.payloads)
    if len(payloads) > MOST_MESSAGES:
        raise _too_many()
    # Twenty messages that are degraded alike need to say so once.
    notes = dict.fromkeys(note for one in every for note in one.notes)
    return Rendered(payloads, tuple(notes))


def _too_many() -> Wrong:
    return Wrong(
        Text(
            f"result 会产生超过 {MOST_MESSAGES} 条消息,请合并或减少",
            f"result makes more than {MOST_MESSAGES} messages; join them or send fewer",
        )
    )


def render_direct(content: object, channel_type: str, title: str) -> Rendered:
    """Shape what a script sends by itself: a string is Markdown, a dict is as a result.

    The title of a string names the message in lists and notifications, as DingTalk has it, and
    is not made a heading: the caller wrote the whole text. Raises `Wrong` as `render` does.
    """
    if isinstance(content, str):
        message, notes = read_message({"content": content, "title": title}, "")
        return BUILDERS["markdown", channel_type](replace(message, given_title="")).noted(*notes)
    return render(content, channel_type, title)


def _unsupported(msg_type: str, channel_type: str) -> Wrong:
    names = ", ".join(_TABLE)
    if channel_type not in CHANNELS:
        channels = ", ".join(CHANNELS)
        return Wrong(
            Text(
                f"不支持的渠道类型 {channel_type},可用: {channels}",
                f"Channel type {channel_type} is not supported; use one of {channels}",
            )
        )
    return Wrong(
        Text(
            f"渠道 {channel_type} 不支持消息类型 msg_type {msg_type},可用: {names}",
            f"msg_type {msg_type} is not supported for {channel_type}; use one of {names}",
        )
    )
