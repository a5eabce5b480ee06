"""Whom a message calls: read from `at`, and written as each platform wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.fields import utf8
from chalicelib.domain.messages.model import Mentions, Message, Payload
from chalicelib.domain.text import Text

#: DingTalk's limit of people in one message.
MOST = 50
_MOBILES = ("mobiles", "atMobiles", "mentioned_mobile_list")
_USER_IDS = ("user_ids", "atUserIds", "mentioned_list")
_EVERYONE = ("all", "isAtAll")
_ALL = "@all"
_INLINE = re.compile(r"<@([^<>\s]+)>")


def read_mentions(fields: Mapping[str, Any]) -> Mentions:
    """`at: {"mobiles": [], "user_ids": [], "all": false}`; raises `Wrong` that names the key."""
    at = fields.get("at")
    if at is None:
        return Mentions()
    if not isinstance(at, Mapping):
        raise _wrong("at", "{'mobiles': ['138…'], 'user_ids': [], 'all': False}")
    everyone = _first(at, _EVERYONE)
    if everyone is not None and not isinstance(everyone, bool):
        raise _wrong("at.all", "True / False")
    mobiles, user_ids = _names(at, _MOBILES), _names(at, _USER_IDS)
    if _ALL in {*mobiles, *user_ids}:
        everyone = True
    found = Mentions(
        tuple(one for one in mobiles if one != _ALL),
        tuple(one for one in user_ids if one != _ALL),
        bool(everyone),
    )
    if len(found.mobiles) + len(found.user_ids) > MOST:
        raise Wrong(
            Text(
                f"at 最多 {MOST} 人,请减少,或用 'all': True",
                f"at takes at most {MOST} people; name fewer, or use 'all': True",
            )
        )
    return found


def dingtalk_at(mentions: Mentions) -> Payload:
    """The `at` of text and markdown; the tokens must be in the words too."""
    if not mentions:
        return {}
    at: Payload = {"isAtAll": mentions.everyone}
    if mentions.mobiles:
        at["atMobiles"] = list(mentions.mobiles)
    if mentions.user_ids:
        at["atUserIds"] = list(mentions.user_ids)
    return {"at": at}


def dingtalk_tokens(mentions: Mentions, content: str) -> str:
    """The tokens that the words lack, separated by blanks: without them nobody is called."""
    names = [*mentions.mobiles, *mentions.user_ids, *(["所有人"] if mentions.everyone else [])]
    missing = (one for one in names if not re.search(rf"@{re.escape(one)}(?!\w)", content))
    return " ".join(f"@{one}" for one in missing)


def wecom_lists(mentions: Mentions) -> Payload:
    """What a text message of WeCom's robot has for those that it calls."""
    user_ids = [*mentions.user_ids, *([_ALL] if mentions.everyone else [])]
    lists: Payload = {}
    if user_ids:
        lists["mentioned_list"] = user_ids
    if mentions.mobiles:
        lists["mentioned_mobile_list"] = list(mentions.mobiles)
    return lists


def wecom_call(message: Message, mentions: Mentions) -> tuple[Payload, ...]:
    """A text message that calls people, beside one of a type that cannot; none if nobody is."""
    if not mentions:
        return ()
    return ({"msgtype": "text", "text": {"content": message.title, **wecom_lists(mentions)}},)


def inline_ids(content: str) -> tuple[str, ...]:
    """The user ids that WeCom's Markdown calls by `<@id>`."""
    return tuple(dict.fromkeys(_INLINE.findall(content)))


def without_inline(content: str) -> str:
    """`@id` for `<@id>`, where the markup would be shown as it is."""
    return _INLINE.sub(r"@\1", content)


def ignored(mentions: Mentions, reason: Text) -> tuple[Text, ...]:
    """A note if somebody was to be called and cannot be."""
    if not mentions:
        return ()
    return (Text(f"at 已忽略: {reason.zh}", f"Ignored at: {reason.en}"),)


def _first(at: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((at[name] for name in names if at.get(name) is not None), None)


def _names(at: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    value = _first(at, names)
    if value is None:
        return []
    entries = list(value) if isinstance(value, list | tuple) else [value]
    found = [utf8(str(one)).strip().removeprefix("@") for one in entries if _is_name(one)]
    if len(found) < len(entries) or not all(re.fullmatch(r"[^\s@<>|]{1,64}", one) for one in found):
        raise _wrong(f"at.{names[0]}", "['13800000000'] / ['zhangsan']")
    return [_ALL if one == "all" else one for one in dict.fromkeys(found)]


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _wrong(name: str, example: str) -> Wrong:
    return Wrong(Text(f"{name} 应形如 {example}", f"{name} should look like {example}"))
