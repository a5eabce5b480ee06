"""WeCom's applications: a token for the secret (91039), a message for the token (90236)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib.domain.messages.model import Payload
from chalicelib.gateways.http import HttpFailed, Request, Response, fetch
from chalicelib.gateways.robots import Receipt, Robot

_TIMEOUT_SECONDS = 10.0
_MAX_ANSWER_BYTES = 256 * 1024
_MAX_WORDS = 500
SOON_SECONDS = 60
#: Busy, or too many calls: another try later may do.
_LATER = frozenset({-1, 45009, 45033})
#: The token is not, or no longer, good; another may be had at once.
STALE_TOKEN = frozenset({40014, 42001})
_HINTS = {
    40001: "应用的 Secret 不正确,请重新填写",
    40091: "应用的 Secret 不正确,请重新填写",
    40013: "企业 ID(corpid)不正确",
    40056: "应用的 agentid 不正确",
    301002: "Secret 与 agentid 不是同一个应用的",
    60011: "应用没有发送权限,请检查可见范围",
    50002: "应用没有发送权限,请检查可见范围",
    50003: "应用已停用",
    48002: "应用没有调用此接口的权限",
    81013: "所有接收人都无效,请检查 touser、toparty、totag 和应用的可见范围",
    82001: "没有接收人,请填写 touser、toparty 或 totag",
    40058: "消息中有参数不符合要求,请检查长度和格式",
    45002: "消息过长,请缩短后再发",
    44004: "消息内容为空",
    40007: "文件已失效,请重新上传",
    45008: "图文超过 8 条,请减少条数",
    42014: "卡片的 task_id 重复或过长;重试时出现说明消息已送达",
}
_IP = re.compile(r"from ip: ?([0-9a-fA-F.:]+[0-9a-fA-F])")
_UNREACHED = ("invaliduser", "invalidparty", "invalidtag", "unlicenseduser")


@dataclass(frozen=True)
class Token:
    """`seconds`: for how long it is good, as WeCom says."""

    value: str = field(repr=False)
    seconds: int


class TokenFailed(Exception):
    """No token: WeCom's code, words in Chinese, and whether another try later may get one."""

    def __init__(self, errcode: int | None, words: str, is_later: bool) -> None:
        super().__init__(words)
        self.errcode, self.words, self.is_later = errcode, words, is_later


def get_token(base: str, corpid: str, secret: str, allow: Sequence[str]) -> Token:
    """Ask for an access_token; raises `TokenFailed`. `allow`: see `check_url`.

    WeCom blocks who asks too often: whoever asks keeps it.
    """
    query = urlencode({"corpid": corpid, "corpsecret": secret})
    try:
        answer = _fetch(Request("GET", f"{base}/cgi-bin/gettoken?{query}"), allow)
    except HttpFailed as failure:
        is_later = failure.kind not in ("refused", "redirects")
        raise TokenFailed(None, f"获取 access_token 失败: {failure.text.zh}", is_later) from None
    said = _said(answer)
    code, token, seconds = said.get("errcode"), said.get("access_token"), said.get("expires_in")
    if code in (0, None) and isinstance(token, str) and token and isinstance(seconds, int):
        return Token(token, seconds)
    known = code if isinstance(code, int) else None
    words = _words(known, str(said.get("errmsg", "")), (secret,))
    is_later = known in _LATER or answer.status >= 500
    raise TokenFailed(known, f"获取 access_token 失败: {words}", is_later)


def send(robot: Robot, payload: Payload, *, allow: Sequence[str]) -> Receipt:
    """Post a message whose receivers are in it; `webhook_url` holds the access_token.

    Whatever happens is in the receipt. Where nobody knows whether it came it is tried again: the
    payload of another try asks WeCom to drop what it has already.
    """
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        answer = _fetch(Request("POST", robot.webhook_url, headers, body), allow)
    except HttpFailed as failure:
        if failure.kind in ("refused", "redirects"):
            return Receipt("failed", None, failure.text.zh, None)
        return Receipt("later", None, failure.text.zh, SOON_SECONDS)
    if answer.status >= 500:
        return Receipt("later", None, f"企业微信返回 HTTP {answer.status}", SOON_SECONDS)
    said = _said(answer)
    code = said.get("errcode")
    if not isinstance(code, int):
        words = f"企业微信返回 HTTP {answer.status},但没有 errcode,请检查 api_base"
        return Receipt("failed", None, words, None)
    token = dict(parse_qsl(urlsplit(robot.webhook_url).query)).get("access_token", "")
    if code == 0:
        return Receipt(
            "sent", 0, _scrubbed(str(said.get("errmsg", "")), (token,)), None, _left(said)
        )
    words = _scrubbed(str(said.get("errmsg", "")), (token,))
    if code in STALE_TOKEN or code in _LATER:
        hint = "access_token 已失效,将重新获取" if code in STALE_TOKEN else "对方繁忙,稍后重试"
        return Receipt("later", code, words, SOON_SECONDS, hint)
    return Receipt("failed", code, words, None, _hint(code, words))


def _fetch(request: Request, allow: Sequence[str]) -> Response:
    return fetch(
        request,
        allow=allow,
        timeout_seconds=_TIMEOUT_SECONDS,
        max_bytes=_MAX_ANSWER_BYTES,
        # Neither a secret nor a message follows whoever says that WeCom has moved.
        max_redirects=0,
    )


def _said(answer: Response) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _left(said: dict[str, Any]) -> str:
    """Success may leave some receivers out; who they are."""
    left = [f"{name}={said[name]}" for name in _UNREACHED if said.get(name)]
    return f"部分接收人无效: {', '.join(left)}"[:_MAX_WORDS] if left else ""


def _words(code: int | None, errmsg: str, secrets: Sequence[str]) -> str:
    words = _scrubbed(errmsg, secrets)
    hint = _hint(code, words)
    return f"{words}({hint})" if hint else words or "应答不是有效的 JSON"


def _hint(code: int | None, words: str) -> str:
    if code == 60020:
        found = _IP.search(words)
        address = found[1] if found else "平台的出口 IP"
        return f"请在企业微信管理后台「应用详情 → 企业可信IP」中添加 {address},约 1 分钟后生效"
    return _HINTS.get(code, "") if code is not None else ""


def _scrubbed(words: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if len(secret) > 3:
            words = words.replace(secret, "****")
    return words[:_MAX_WORDS]
