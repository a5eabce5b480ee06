"""What a message is made of, before and after it is shaped for a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.domain.text import Text

ChannelType = Literal["dingtalk_bot", "wecom_bot"]
#: A robot's JSON body.
Payload = dict[str, Any]


@dataclass(frozen=True)
class Button:
    """A button of a card; `url` is http(s), or `dingtalk://` for DingTalk."""

    title: str
    url: str


@dataclass(frozen=True)
class Message:
    """A script's result, read and checked, for any channel."""

    msg_type: str
    #: What the script gave; empty if nothing.
    given_title: str
    #: Never empty: the given one, else the first line of the content, else the task's name.
    title: str
    content: str
    url: str = ""
    pic_url: str = ""
    #: "0" one below the other, "1" side by side.
    btn_orientation: str = "0"
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """The payloads to post, in order, and what was changed on the way."""

    payloads: tuple[Payload, ...]
    notes: tuple[Text, ...] = ()
