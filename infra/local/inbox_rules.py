"""What DingTalk and WeCom refuse, with their codes and words; the inbox plays them by this."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: An errcode and errmsg; (0, "ok") is success.
Answer = tuple[int, str]
OK: Answer = (0, "ok")

_MORE = "more: [https://open.dingtalk.com/document/robots/customize-robot-security-settings]"
_MAX_DINGTALK_BODY = 20_000
_MAX_WECOM_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
_MAX_APP_BYTES = {"markdown": 2048}
_WECOM_TYPES = frozenset({"news", "image", "file", "voice", "template_card", *_MAX_WECOM_BYTES})
_APP_TYPES = frozenset(
    {"text", "markdown", "textcard", "news", "mpnews", "image", "voice", "file", "video"}
    | {"miniprogram_notice", "template_card"}
)
_ROBOT_CARDS = frozenset({"text_notice", "news_notice"})
_APP_CARDS = _ROBOT_CARDS | {"button_interaction", "vote_interaction", "multiple_interaction"}
#: msgtype → the fields that DingTalk demands.
_DINGTALK_FIELDS = {
    "text": ("content",),
    "link": ("title", "text", "messageUrl"),
    "markdown": ("title", "text"),
    "actionCard": ("title", "text"),
    "feedCard": ("links",),
}


@dataclass(frozen=True)
class Post:
    """What a sender posted; `payload` is None unless the body is a JSON object."""

    method: str
    content_type: str
    query: Mapping[str, str]
    body: bytes
    payload: dict[str, Any] | None


def parsed(body: bytes) -> dict[str, Any] | None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def envelope(post: Post) -> Answer:
    """What both platforms check first: method, content type, JSON."""
    if post.method != "POST":
        return 43002, "require POST method"
    if post.content_type != "application/json":
        return 43004, "无效的HTTP HEADER Content-Type"
    return OK if post.payload is not None else (40035, "缺少参数 json")


def dingtalk_signature(query: Mapping[str, str], secret: str, now: datetime) -> Answer:
    """310000 unless `sign` is right and `timestamp` (ms) within an hour."""
    timestamp = query.get("timestamp", "")
    if (
        not re.fullmatch(r"[0-9]{1,15}", timestamp)
        or abs(now.timestamp() - int(timestamp) / 1000) > 3600
    ):
        return 310000, f"invalid timestamp, {_MORE}"
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    expected = base64.b64encode(digest)
    if not hmac.compare_digest(expected, query.get("sign", "").encode()):
        return 310000, f"sign not match, {_MORE}"
    return OK


def dingtalk_message(post: Post) -> Answer:
    if len(post.body) > _MAX_DINGTALK_BODY:
        return 460101, "message too long, exceed 20000 bytes"
    payload = post.payload or {}
    msgtype = payload.get("msgtype")
    if not isinstance(msgtype, str) or msgtype not in _DINGTALK_FIELDS:
        return 400105, "msgtype is not supported"
    body = _part(payload, msgtype)
    missing = [name for name in _DINGTALK_FIELDS[msgtype] if not body.get(name)]
    if not missing and msgtype == "actionCard" and not _has_buttons(body):
        missing = ["singleTitle/singleURL or btns"]
    return (40035, f"缺少参数 {msgtype}.{missing[0]}") if missing else OK


def wecom_message(post: Post) -> Answer:
    payload = post.payload or {}
    return _wecom(payload, _WECOM_TYPES, _MAX_WECOM_BYTES, _ROBOT_CARDS)


def app_message(post: Post) -> Answer:
    payload = post.payload or {}
    agent = payload.get("agentid")
    if not isinstance(agent, int) or isinstance(agent, bool):
        return 40056, "invalid agentid"
    if not any(payload.get(name) for name in ("touser", "toparty", "totag")):
        return 81013, "user & party & tag all invalid"
    return _wecom(payload, _APP_TYPES, _MAX_APP_BYTES, _APP_CARDS)


def _wecom(
    payload: Mapping[str, Any],
    types: frozenset[str],
    limits: Mapping[str, int],
    cards: frozenset[str],
) -> Answer:
    msgtype = payload.get("msgtype")
    if not isinstance(msgtype, str) or msgtype not in types:
        return 40008, "invalid message type"
    body = _part(payload, msgtype)
    if msgtype in {"text", "markdown", "markdown_v2"}:
        return _words(msgtype, body.get("content"), limits.get(msgtype))
    if msgtype == "news":
        return _articles(body.get("articles"))
    if msgtype == "template_card":
        return _card(body, cards)
    return OK if body else (44004, "empty content")


def _words(msgtype: str, content: object, limit: int | None) -> Answer:
    if not isinstance(content, str) or not content:
        return 44004, "empty content"
    if limit and len(content.encode("utf-8", "replace")) > limit:
        return 40058, f"{msgtype}.content exceed max length {limit}. invalid Request Parameter"
    return OK


def _articles(articles: object) -> Answer:
    if not isinstance(articles, list) or not articles:
        return 44004, "empty content"
    if len(articles) > 8:
        return 45008, "news.articles exceed max number 8"
    for article in articles:
        if not isinstance(article, dict) or not article.get("title"):
            return 40058, "missing news.articles.title. invalid Request Parameter"
        if not str(article.get("url", "")).startswith(("http://", "https://")):
            return 45034, "missing or invalid url scheme"
    return OK


def _card(card: Mapping[str, Any], cards: frozenset[str]) -> Answer:
    if str(card.get("card_type")) not in cards:
        return 40058, "template_card.card_type is invalid. invalid Request Parameter"
    if not card.get("card_action") and card["card_type"] in _ROBOT_CARDS:
        return 40058, "missing template_card.card_action. invalid Request Parameter"
    title = _part(card, "main_title").get("title")
    if not title and not card.get("sub_title_text"):
        return 40058, "missing template_card.main_title.title. invalid Request Parameter"
    for name, most in (("horizontal_content_list", 6), ("jump_list", 3)):
        entries = card.get(name) or []
        if not isinstance(entries, list) or len(entries) > most:
            return 40058, f"template_card.{name} exceed max number {most}"
    return OK


def _has_buttons(card: Mapping[str, Any]) -> bool:
    return bool(card.get("singleTitle") and card.get("singleURL")) or bool(card.get("btns"))


def _part(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = payload.get(name)
    return part if isinstance(part, dict) else {}
