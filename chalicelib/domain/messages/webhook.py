"""A robot's webhook address: its shape, its signature, and how it may be shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from chalicelib.domain.egress import check_url
from chalicelib.domain.errors import Wrong
from chalicelib.domain.text import Text

#: channel_type → the origin and path of its robots, and the parameter that is the secret.
_ROBOTS = {
    "dingtalk_bot": ("https://oapi.dingtalk.com", "/robot/send", "access_token"),
    "wecom_bot": ("https://qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key"),
}
_NAMES = {"dingtalk_bot": Text("钉钉", "DingTalk"), "wecom_bot": Text("企业微信", "WeCom")}
_SHOWN = 4
_HIDDEN = "****"


def check_webhook(channel_type: str, url: str, allow: Sequence[str]) -> None:
    """Raise `Wrong` unless the URL is a robot's of this channel type.

    One that the administrator's allow-list admits (see `check_url`) may be on any host, but
    must still hold the parameter that names the robot.
    """
    if channel_type not in _ROBOTS:
        raise Wrong(
            Text(
                f"不支持的渠道类型 {channel_type}", f"Channel type {channel_type} is not supported"
            )
        )
    target = check_url(url, allow)
    origin, path, parameter = _ROBOTS[channel_type]
    here, _, query = target.path_and_query.partition("?")
    if not target.allowed and (target.origin, here) != (origin, path):
        raise _not_a_robot(channel_type, target.origin)
    value = dict(parse_qsl(query)).get(parameter, "")
    if not value or value.endswith(_HIDDEN):
        raise Wrong(
            Text(
                f"Webhook 地址缺少完整的 {parameter} 参数,请从机器人设置中复制完整地址",
                f"The webhook lacks its whole {parameter}; copy the full address from the "
                "robot's settings",
            )
        )


def sign(timestamp_ms: int, secret: str) -> str:
    """DingTalk's signature, in base64 and not yet encoded for a URL."""
    digest = hmac.digest(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode("ascii")


def signed_url(url: str, secret: str, timestamp_ms: int) -> str:
    """The URL with a fresh `timestamp` and `sign`; old ones that were pasted along go."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"timestamp", "sign"}]
    query += [("timestamp", str(timestamp_ms)), ("sign", sign(timestamp_ms, secret))]
    return parts._replace(query=urlencode(query)).geturl()


def mask_webhook(url: str) -> str:
    """The URL as it may be shown: host and path, and the start of the robot's name.

    At most four characters of it, and never more than half; everything else that a query may
    hold is left out. Masking twice changes nothing.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        pairs = parse_qsl(parts.query)
    except ValueError:
        return _HIDDEN
    host = f"[{host}]" if ":" in host else host
    names = {parameter for _, _, parameter in _ROBOTS.values()}
    shown = "&".join(f"{name}={_masked(value)}" for name, value in pairs if name in names)
    return f"{parts.scheme}://{host}{port}{parts.path}" + (f"?{shown}" if shown else "")


def secrets_of(url: str) -> tuple[str, ...]:
    """What a webhook holds that must not be shown."""
    names = {parameter for _, _, parameter in _ROBOTS.values()} | {"sign"}
    return tuple(value for name, value in parse_qsl(urlsplit(url).query) if name in names)


def _masked(value: str) -> str:
    start = value.removesuffix(_HIDDEN)
    if start == value or len(start) > _SHOWN:
        start = value[: min(_SHOWN, len(value) // 2)]
    return quote(start, safe="") + _HIDDEN


def _not_a_robot(channel_type: str, origin: str) -> Wrong:
    ours = _NAMES[channel_type]
    for other, (theirs, _, _) in _ROBOTS.items():
        if other != channel_type and theirs == origin:
            name = _NAMES[other]
            return Wrong(
                Text(
                    f"这是{name.zh}的 Webhook 地址,请把渠道类型改为 {other},"
                    f"或填写{ours.zh}机器人的地址",
                    f"This is a webhook of {name.en}; change the channel type to {other}, "
                    f"or give the one of a {ours.en} robot",
                )
            )
    expected_origin, path, parameter = _ROBOTS[channel_type]
    expected = f"{expected_origin}{path}?{parameter}=…"
    return Wrong(
        Text(
            f"不是{ours.zh}机器人的 Webhook 地址,应形如 {expected}",
            f"This is no webhook of a {ours.en} robot; it should look like {expected}",
        )
    )
