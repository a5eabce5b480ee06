"""Posting a payload to a group robot, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages.answers import SOON_SECONDS, Status, judge
from chalicelib.domain.messages.model import Payload
from chalicelib.domain.messages.webhook import check_webhook, secrets_of, signed_url
from chalicelib.gateways.http import HttpFailed, Request, Response, fetch
from chalicelib.gateways.robot_media import NoMedia, with_media

_TIMEOUT_SECONDS = 15.0
_MAX_ANSWER_BYTES = 256 * 1024
_MAX_WORDS = 500
#: Failures in which the message cannot have been shown, even where nothing tells copies apart.
_NOT_SENT = frozenset({"dns", "connect", "tls"})


@dataclass(frozen=True)
class Robot:
    """A robot of a group chat; `channel_type` is `dingtalk_bot` or `wecom_bot`."""

    channel_type: str
    webhook_url: str = field(repr=False)
    sign_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Receipt:
    """What became of one message; `errmsg` is the robot's own words, `hint` ours in Chinese."""

    status: Status
    errcode: int | None
    errmsg: str
    retry_after_seconds: int | None
    hint: str = ""

    @property
    def words(self) -> str:
        """Both, as a log shows them."""
        return f"{self.errmsg}({self.hint})" if self.hint else self.errmsg


def send(
    robot: Robot, payload: Payload, *, uuid: str, now: datetime, allow: Sequence[str]
) -> Receipt:
    """Post a payload once; whatever the robot or the network does is in the receipt.

    `uuid` is the same for every try of one message: DingTalk shows it once. `allow`: see
    `check_url`. Codes and limits: open.dingtalk.com (custom robot), WeCom 91770.
    """
    try:
        check_webhook(robot.channel_type, robot.webhook_url, allow)
    except Wrong as wrong:
        return Receipt("failed", None, wrong.text.zh, None)
    try:
        payload = with_media(robot.webhook_url, payload, allow)
        answer = fetch(
            _request(robot, payload, uuid, now),
            allow=allow,
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MAX_ANSWER_BYTES,
            # A robot never moves; whoever says so would get the message.
            max_redirects=0,
        )
    except NoMedia as refusal:
        return _receipt(robot, refusal.answer) if refusal.answer else _not_uploaded(refusal)
    except HttpFailed as failure:
        return _no_answer(robot, failure)
    return _receipt(robot, answer)


def _not_uploaded(refusal: NoMedia) -> Receipt:
    """Nothing has been shown yet, so another try shows nothing twice."""
    if refusal.is_final:
        return Receipt("failed", None, str(refusal), None)
    return Receipt("later", None, str(refusal), SOON_SECONDS)


def _request(robot: Robot, payload: Payload, uuid: str, now: datetime) -> Request:
    url = robot.webhook_url
    if robot.channel_type == "dingtalk_bot":
        payload = payload | {"msgUuid": uuid}
        secret = (robot.sign_secret or "").strip()
        if secret:
            url = signed_url(url, secret, round(now.timestamp() * 1000))
    # Chinese as UTF-8: escaped it has twice the bytes, and the limits count bytes.
    body = json.dumps(payload, ensure_ascii=False).encode()
    return Request("POST", url, {"Content-Type": "application/json; charset=utf-8"}, body)


def _no_answer(robot: Robot, failure: HttpFailed) -> Receipt:
    words = failure.text.zh
    if failure.kind == "refused":
        return Receipt("failed", None, words, None)
    if failure.kind == "redirects":
        return Receipt("failed", None, "Webhook 地址返回了重定向,请填写机器人的原始地址", None)
    unsent = failure.kind in _NOT_SENT or not failure.sent
    if unsent or robot.channel_type == "dingtalk_bot":
        return Receipt("later", None, words, SOON_SECONDS)
    # WeCom has no idempotency key, so another try might show the message twice.
    return Receipt("failed", None, f"{words};消息可能已送达,为避免重复不再重试", None)


def _receipt(robot: Robot, answer: Response) -> Receipt:
    if answer.status >= 500:
        return Receipt("later", None, f"机器人接口返回 HTTP {answer.status}", SOON_SECONDS)
    said = _said(answer.body)
    errcode = _integer(said.get("errcode"))
    if errcode is None:
        words = f"机器人接口返回 HTTP {answer.status},但没有 errcode,请检查 Webhook 地址"
        return Receipt("failed", None, words, None)
    errmsg = _scrubbed(str(said.get("errmsg", "")), robot)
    verdict = judge(robot.channel_type, errcode, errmsg)
    return Receipt(verdict.status, errcode, errmsg, verdict.retry_after_seconds, verdict.hint)


def _said(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _integer(value: object) -> int | None:
    """DingTalk's own example has `"errcode": "0"`, a string."""
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def _scrubbed(words: str, robot: Robot) -> str:
    for secret in (*secrets_of(robot.webhook_url), robot.sign_secret or ""):
        if len(secret) > 3:
            words = words.replace(secret, "****")
    return words[:_MAX_WORDS]
