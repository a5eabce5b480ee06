"""The robot inbox: plays DingTalk's and WeCom's robots, so that a card can be seen without one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from infra.local.inbox_rules import (
    OK,
    Answer,
    Post,
    app_message,
    dingtalk_keywords,
    dingtalk_message,
    dingtalk_signature,
    envelope,
    parsed,
    wecom_message,
)
from infra.local.inbox_store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PAGE = Path(__file__).with_name("inbox_page.html")
#: WeCom takes pictures of 2 MB, in base64.
_MAX_BODY = 4 * 1024 * 1024
#: Payloads that were refused for their size are not worth keeping.
_MAX_KEPT = 64 * 1024
_TOKEN_SECONDS = 7200


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime: ...


class Inbox:
    """A WSGI application, mounted under `/inbox` (its paths begin after that).

    The robots' addresses answer HTTP 200 with `errcode` and `errmsg`, as the real ones do. A
    robot exists as soon as somebody writes to it; `PUT robots/NAME` gives it a secret or keywords.
    """

    def __init__(self, clock: Clock, folder: Path | None) -> None:
        self._clock = clock
        self._store = Store(folder)
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._map = Map(
            [
                Rule("/", endpoint=self._page),
                Rule("/<any(markdown, cards):name>.js", endpoint=self._program),
                Rule("/messages", endpoint=self._messages, methods=["GET"]),
                Rule("/robots/<name>", endpoint=self._robot, methods=["PUT"]),
                Rule("/robot/send", endpoint=self._dingtalk),
                Rule("/cgi-bin/webhook/send", endpoint=self._wecom),
                Rule("/cgi-bin/webhook/upload_media", endpoint=self._upload),
                Rule("/cgi-bin/gettoken", endpoint=self._gettoken),
                Rule("/cgi-bin/message/send", endpoint=self._app),
            ]
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _MAX_BODY
        # Closed with it: the files of an upload.
        with request:
            try:
                view, values = self._map.bind_to_environ(environ).match()
                response: Response | HTTPException = view(request, **values)
            except HTTPException as error:
                response = error
        return response(environ, start_response)

    def _page(self, request: Request) -> Response:
        response = Response(_PAGE.read_text("utf-8"), mimetype="text/html")
        # A message is a stranger's: nothing in it may load or run anything.
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src data:"
        )
        return response

    def _program(self, request: Request, name: str) -> Response:
        """How the page draws messages."""
        text = _PAGE.with_name(f"inbox_{name}.js").read_text("utf-8")
        return Response(text, mimetype="text/javascript")

    def _messages(self, request: Request) -> Response:
        """`?robot=NAME` for one robot's, `?limit=N` for the last N."""
        items = self._store.items(request.args.get("robot"))
        limit = request.args.get("limit", type=int)
        return _json({"items": items[-limit:] if limit and limit > 0 else items})

    def _robot(self, request: Request, name: str) -> Response:
        """`{"secret": "…"}`, `{"keywords": ["…"]}` or both; null or empty takes it away."""
        said = parsed(request.get_data()) or {}
        secret, keywords = said.get("secret"), said.get("keywords")
        known = {"secret", "keywords"} & said.keys()
        if not known or not isinstance(secret, str | None) or not _are_words(keywords):
            return _json(
                {"title": 'expected {"secret": "…", "keywords": ["…"]}', "status": 400}, 400
            )
        if "secret" in said:
            self._store.set_secret(name, secret or "")
        if "keywords" in said:
            self._store.set_keywords(name, keywords or [])
        return _json({"robot": name, "signed": bool(self._store.secret(name))})

    def _dingtalk(self, request: Request) -> Response:
        robot = request.args.get("access_token", "")
        return self._receive(request, robot, self._judge_dingtalk)

    def _judge_dingtalk(self, robot: str, post: Post, now: datetime) -> Answer:
        if not robot:
            return 40035, "缺少参数 access_token"
        secret = self._store.secret(robot)
        signature = dingtalk_signature(post.query, secret, now) if secret else OK
        answer = signature if signature != OK else dingtalk_message(post)
        if answer == OK:
            answer = dingtalk_keywords(post, self._store.keywords(robot))
        if answer == OK and not self._store.may_take("dingtalk", robot, now):
            return 130101, "send too fast, exceed 20 times per minute"
        return answer

    def _wecom(self, request: Request) -> Response:
        return self._receive(request, request.args.get("key", ""), self._judge_wecom)

    def _judge_wecom(self, robot: str, post: Post, now: datetime) -> Answer:
        if not robot:
            return 93000, "invalid webhook url"
        answer = wecom_message(post)
        if answer == OK and not self._store.may_take("wecom", robot, now):
            return 45009, "api freq out of limit"
        return answer

    def _upload(self, request: Request) -> Response:
        """A media_id for the file in the field `media`; the file itself is not kept."""
        kind, file = request.args.get("type"), request.files.get("media")
        if not request.args.get("key"):
            return _answer((93000, "invalid webhook url"))
        if kind not in {"file", "voice"}:
            return _answer((40004, "invalid media type"))
        if file is None or not file.filename:
            return _answer((41005, "missing media data"))
        if len(file.read()) <= 5:
            return _answer((40006, "invalid media size"))
        created = str(round(self._clock.now().timestamp()))
        return _answer(OK, type=kind, media_id=secrets.token_hex(16), created_at=created)

    def _gettoken(self, request: Request) -> Response:
        """A token for 7200 s; a secret set by `PUT robots/CORPID` must be the one given."""
        corpid, secret = request.args.get("corpid", ""), request.args.get("corpsecret", "")
        if not corpid:
            return _answer((41002, "corpid missing"))
        if not secret:
            return _answer((41004, "corpsecret missing"))
        if self._store.secret(corpid) not in {None, secret}:
            return _answer((40001, "invalid credential"))
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (corpid, self._clock.now() + timedelta(seconds=_TOKEN_SECONDS))
        return _answer(OK, access_token=token, expires_in=_TOKEN_SECONDS)

    def _app(self, request: Request) -> Response:
        """The application's messages are listed under the corpid as their robot."""
        token = request.args.get("access_token", "")
        if not token:
            return _answer((41001, "access_token missing"))
        if token not in self._tokens:
            return _answer((40014, "invalid access_token"))
        corpid, expires = self._tokens[token]
        if self._clock.now() >= expires:
            return _answer((42001, "access_token expired"))
        return self._receive(request, corpid, lambda robot, post, now: app_message(post))

    def _receive(
        self, request: Request, robot: str, judge: Callable[[str, Post, datetime], Answer]
    ) -> Response:
        """Judge what was posted, keep it, and answer as the platform does."""
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return _answer((45002, "message too large"))
        now = self._clock.now()
        query = request.args.to_dict()
        post = Post(request.method, request.mimetype, query, body, parsed(body))
        answer = envelope(post)
        if answer == OK:
            answer = judge(robot, post, now)
        shown = answer == OK and self._repeats(request, robot, post)
        if post.method == "POST" and not shown:
            kept = post.payload if answer == OK or len(body) <= _MAX_KEPT else None
            self._store.add(robot, answer[0], kept, now)
        return _answer(answer)

    def _repeats(self, request: Request, robot: str, post: Post) -> bool:
        """Whether DingTalk has this `msgUuid` already, and shows it once."""
        uuid = (post.payload or {}).get("msgUuid")
        return bool(uuid) and "access_token" in request.args and self._store.was_shown(robot, uuid)


def _are_words(value: object) -> bool:
    """DingTalk takes up to ten keywords."""
    if value is None:
        return True
    return (
        isinstance(value, list)
        and len(value) <= 10
        and all(isinstance(one, str) and one.strip() for one in value)
    )


def _answer(answer: Answer, **more: Any) -> Response:
    return _json({"errcode": answer[0], "errmsg": answer[1], **more})


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")
