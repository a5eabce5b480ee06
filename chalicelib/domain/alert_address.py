"""An `alert_webhook`: a robot of DingTalk or WeCom, or any address that takes JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.domain.egress import check_url
from chalicelib.domain.messages.webhook import check_webhook

#: channel_type → the host, path and parameter that tell its robots. The path's end is enough:
#: an administrator may have admitted a proxy.
_SIGNS = {
    "dingtalk_bot": ("oapi.dingtalk.com", "/robot/send", "access_token"),
    "wecom_bot": ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key"),
}


@dataclass(frozen=True)
class AlertAddress:
    """`channel_type` is `dingtalk_bot`, `wecom_bot` or `webhook`; a secret signs DingTalk's."""

    channel_type: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


def read_address(address: str) -> AlertAddress:
    """Tell whose an address is.

    A DingTalk robot that wants signatures has its secret in the address, as `&secret=SEC…`, which
    never reaches DingTalk: the document's column is one address and no more.
    """
    address = address.strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return AlertAddress("webhook", address)
    query = parse_qsl(parts.query)
    for channel_type, (host, path, parameter) in _SIGNS.items():
        is_robot = parts.path.endswith(path) and parameter in dict(query)
        if not is_robot and parts.hostname != host:
            continue
        if channel_type != "dingtalk_bot":
            return AlertAddress(channel_type, address)
        secret = dict(query).get("secret", "").strip()
        rest = urlencode([pair for pair in query if pair[0] != "secret"])
        return AlertAddress(channel_type, parts._replace(query=rest).geturl(), secret or None)
    return AlertAddress("webhook", address)


def check_address(address: str, allow: Sequence[str]) -> None:
    """Raise `Wrong` unless alerts may go there; `allow`: see `check_url`."""
    check_url(address, allow)
    told = read_address(address)
    if told.channel_type != "webhook":
        check_webhook(told.channel_type, told.url, allow)
