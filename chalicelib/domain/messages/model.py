"""What a message is made of, before and after it is shaped for a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.domain.text import Text

#: `wecom_app` is no channel of its own yet: what sends it adds agent and receivers.
ChannelType = Literal["dingtalk_bot", "wecom_bot", "wecom_app"]
#: A robot's JSON body.
Payload = dict[str, Any]


@dataclass(frozen=True)
class Button:
    """A button of a card; `url` is http(s), or `dingtalk://` for DingTalk."""

    title: str
    url: str


@dataclass(frozen=True)
class Item:
    """One entry of a feedCard or news message; what was not given is empty."""

    title: str
    url: str
    pic_url: str = ""
    description: str = ""


@dataclass(frozen=True)
class Mentions:
    """Whom a message calls: phone numbers, user ids, or everybody."""

    mobiles: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.mobiles or self.user_ids or self.everyone)


@dataclass(frozen=True)
class Card:
    """What a template_card has beside title, content, url and buttons, as WeCom has it."""

    kind: str
    horizontal: tuple[Mapping[str, Any], ...] = ()
    vertical: tuple[Mapping[str, Any], ...] = ()
    jumps: tuple[Mapping[str, Any], ...] = ()
    #: `source`, `emphasis_content` and others of WeCom's own, as they were given.
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Empty: to be derived.
    action: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Media:
    """An image, file, voice or video: exactly one of the three says where it is."""

    url: str = ""
    media_id: str = ""
    data: bytes = field(default=b"", repr=False)
    #: What a file is called where it is fetched.
    filename: str = ""


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
    #: What the button of a textcard says; empty: as the platform has it.
    btntxt: str = ""
    items: tuple[Item, ...] = ()
    card: Card | None = None
    media: Media | None = None
    #: A native payload.
    raw: Payload | None = None
    mentions: Mentions = Mentions()
    #: The page of the run, for whoever wants the rest; empty if nobody knows it.
    page: str = ""


@dataclass(frozen=True)
class Rendered:
    """The payloads to post, in order, and what was changed on the way."""

    payloads: tuple[Payload, ...]
    notes: tuple[Text, ...] = ()

    def noted(self, *notes: Text) -> Rendered:
        """The same with these notes before its own."""
        return Rendered(self.payloads, (*notes, *self.notes))
