"""Posting to robots."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Told

from chalicelib.domain.messages import render
from chalicelib.gateways.robots import Receipt, Robot, send
from infra.local.inbox import Inbox
from tests.loopback import serving, talking

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
UUID = "0123456789abcdef" * 2
TOKEN = "token-of-a-robot"
MARKDOWN = {"msgtype": "markdown", "markdown": {"title": "日报", "text": "一切正常"}}
WECOM = {"msgtype": "markdown", "markdown": {"content": "一切正常"}}


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Machine:
    """An inbox on a real port, and a look at what it got."""

    def __init__(self, origin: str, client: Client) -> None:
        self.origin = origin
        self.client = client

    def dingtalk(self, name: str, secret: str | None = None, more: str = "") -> Robot:
        url = f"{self.origin}/inbox/robot/send?access_token={name}{more}"
        return Robot("dingtalk_bot", url, secret)

    def wecom(self, name: str) -> Robot:
        url = f"{self.origin}/inbox/cgi-bin/webhook/send?key={name}"
        return Robot("wecom_bot", url, None)

    def send(self, robot: Robot, payload: dict[str, Any], now: datetime = NOW) -> Receipt:
        return send(robot, payload, uuid=UUID, now=now, allow=[f"{self.origin}/inbox/"])

    def items(self, name: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(f"/messages?robot={name}").get_json()["items"]
        return items


@pytest.fixture
def machine() -> Iterator[Machine]:
    inbox = Inbox(FixedClock(), None)
    mounted = DispatcherMiddleware(Told(status=404), {"/inbox": inbox})
    with serving(mounted) as origin:
        yield Machine(origin, Client(inbox))


def test_dingtalk_gets_the_payload_with_the_idempotency_key(machine: Machine) -> None:
    receipt = machine.send(machine.dingtalk("ops"), MARKDOWN)

    assert receipt == Receipt("sent", 0, "ok", None)
    assert [item["payload"] for item in machine.items("ops")] == [MARKDOWN | {"msgUuid": UUID}]


@pytest.mark.parametrize("kind", ["dingtalk", "wecom"])
@pytest.mark.parametrize(
    "result",
    [
        "你好",
        {"title": "日报", "content": "字" * 20_000},
        {"title": "日报", "content": '"\\\n' * 20_000},
        {"content": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 5000},
        {"msg_type": "text", "title": "日报", "content": "字" * 20_000},
        {"msg_type": "link", "title": "字" * 128, "content": "b", "url": "https://a.example/"},
        {"content": "短", "buttons": [{"title": "看", "url": "https://a.example/"}]},
        {"content": "长" * 9000, "buttons": [{"title": "看", "url": "https://a.example/"}] * 5},
    ],
)
def test_what_is_rendered_is_taken_by_the_robots(
    machine: Machine, kind: str, result: object
) -> None:
    robot = machine.dingtalk("ops") if kind == "dingtalk" else machine.wecom("ops")
    rendered = render(result, robot.channel_type, "任务")

    assert {machine.send(robot, one).status for one in rendered.payloads} == {"sent"}


def test_a_second_try_of_one_message_is_shown_once(machine: Machine) -> None:
    receipts = [machine.send(machine.dingtalk("ops"), MARKDOWN) for _ in range(2)]

    assert [receipt.status for receipt in receipts] == ["sent", "sent"]
    assert len(machine.items("ops")) == 1


def test_wecom_gets_the_payload_as_it_is(machine: Machine) -> None:
    receipt = machine.send(machine.wecom("ops"), WECOM)

    assert receipt.status == "sent"
    assert [item["payload"] for item in machine.items("ops")] == [WECOM]


@pytest.mark.parametrize(
    ("kind", "data"), [("file", b"a,b\r\n1,2\r\n--x--\r\n"), ("voice", b"#!AMR\n")]
)
def test_a_file_is_given_to_wecom_before_the_message(
    machine: Machine, kind: str, data: bytes
) -> None:
    result = {
        "msg_type": kind,
        "base64": base64.b64encode(data).decode(),
        "filename": '日"报\r\n.csv',
    }
    [payload] = render(result, "wecom_bot", "任务").payloads

    receipt = machine.send(machine.wecom("ops"), payload)

    assert receipt.status == "sent"
    [item] = machine.items("ops")
    assert re.fullmatch("[0-9a-f]{32}", item["payload"][kind]["media_id"])
    assert list(item["payload"][kind]) == ["media_id"]


def test_a_file_arrives_byte_for_byte() -> None:
    got: list[tuple[str, bytes, str]] = []

    @Asked.application
    def platform(asked: Asked) -> Told:
        if asked.path.endswith("/upload_media"):
            file = asked.files["media"]
            with file.stream:
                got.append((str(file.filename), file.read(), asked.args["type"]))
            return Told(b'{"errcode":0,"media_id":"m"}')
        return Told(b'{"errcode":0,"errmsg":"ok"}')

    data = bytes(range(256)) * 8
    file = {"base64": base64.b64encode(data).decode(), "filename": "日报.xlsx"}
    with serving(platform) as origin:
        robot = Robot("wecom_bot", f"{origin}/cgi-bin/webhook/send?key=k", None)
        payload = {"msgtype": "file", "file": file}
        receipt = send(robot, payload, uuid=UUID, now=NOW, allow=[f"{origin}/"])

    assert receipt.status == "sent"
    assert got == [("日报.xlsx", data, "file")]


@pytest.mark.parametrize(
    ("body", "http", "status", "errcode"),
    [
        (b'{"errcode":45001,"errmsg":"file size"}', 200, "failed", 45001),
        (b'{"errcode":45009,"errmsg":"api freq out of limit"}', 200, "later", 45009),
        (b'{"errcode":-1,"errmsg":"busy"}', 200, "later", -1),
        (b'{"errcode":0}', 200, "failed", None),
        (b'{"errcode":', 200, "failed", None),
        (b"oops", 502, "later", None),
    ],
)
def test_a_file_that_is_not_taken_sends_no_message(
    body: bytes, http: int, status: str, errcode: int | None
) -> None:
    asked_for: list[str] = []

    @Asked.application
    def platform(asked: Asked) -> Told:
        asked_for.append(asked.path)
        return Told(body, http)

    payload = {"msgtype": "file", "file": {"base64": "YWJjZGVm", "filename": "a"}}
    with serving(platform) as origin:
        robot = Robot("wecom_bot", f"{origin}/cgi-bin/webhook/send?key=k", None)
        receipt = send(robot, payload, uuid=UUID, now=NOW, allow=[f"{origin}/"])

    assert (receipt.status, receipt.errcode) == (status, errcode)
    assert asked_for == ["/cgi-bin/webhook/upload_media"]


def test_a_robot_with_a_secret_gets_a_fresh_signature(machine: Machine) -> None:
    machine.client.put("/robots/ops", json={"secret": "SECtest"})
    robot = machine.dingtalk("ops", " SECtest\n", more="&timestamp=1&sign=old%3D")

    assert machine.send(robot, MARKDOWN).status == "sent"


@pytest.mark.parametrize(
    ("secret", "late", "hint"),
    [("wrong", 0, "加签密钥不正确"), (None, 0, "时钟"), ("SECtest", 2, "时钟")],
)
def test_a_refused_signature_is_final_and_says_why(
    machine: Machine, secret: str | None, late: int, hint: str
) -> None:
    machine.client.put("/robots/ops", json={"secret": "SECtest"})

    receipt = machine.send(machine.dingtalk("ops", secret), MARKDOWN, NOW + timedelta(hours=late))

    assert (receipt.status, receipt.errcode) == ("failed", 310000)
    assert hint in receipt.hint
    assert receipt.retry_after_seconds is None


@pytest.mark.parametrize(("kind", "seconds"), [("dingtalk", 600), ("wecom", 60)])
def test_what_the_rate_does_not_allow_comes_later(
    machine: Machine, kind: str, seconds: int
) -> None:
    robot = machine.dingtalk("ops") if kind == "dingtalk" else machine.wecom("ops")
    payload = MARKDOWN if kind == "dingtalk" else WECOM
    for _ in range(20):
        assert machine.send(robot, payload).status == "sent"

    receipt = machine.send(robot, payload)

    assert (receipt.status, receipt.retry_after_seconds) == ("later", seconds)


def test_the_robots_own_words_come_with_a_hint(machine: Machine) -> None:
    long = {"msgtype": "markdown", "markdown": {"content": "x" * 5000}}

    receipt = machine.send(machine.wecom("ops"), long)

    assert (receipt.status, receipt.errcode) == ("failed", 40058)
    assert "exceed max length 4096" in receipt.errmsg
    assert "长度" in receipt.hint
    assert receipt.words == f"{receipt.errmsg}({receipt.hint})"


def _answered(kind: str, body: bytes, status: int = 200) -> Receipt:
    """What a robot's answer makes of a message."""
    answer = Asked.application(lambda asked: Told(body, status))
    with serving(answer) as origin:
        parameter = "access_token" if kind == "dingtalk_bot" else "key"
        robot = Robot(kind, f"{origin}/?{parameter}={TOKEN}", None)
        return send(robot, MARKDOWN, uuid=UUID, now=NOW, allow=[origin])


@pytest.mark.parametrize("kind", ["dingtalk_bot", "wecom_bot"])
@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b'{"errcode": "0", "errmsg": "ok"}', 200, ("sent", 0, None)),
        (b'{"errcode": -1, "errmsg": "busy"}', 200, ("later", -1, 5)),
        (b'{"errcode": 45033, "errmsg": "busy"}', 200, ("later", 45033, 5)),
        (b'{"errcode": 93000, "errmsg": "invalid webhook url"}', 200, ("failed", 93000, None)),
        (b'{"errcode": 0, "errmsg": "ok"}', 502, ("later", None, 5)),
        (b"<html>", 200, ("failed", None, None)),
        (b"[]", 200, ("failed", None, None)),
        (b"{}", 404, ("failed", None, None)),
        (b'{"errcode": null}', 200, ("failed", None, None)),
        (b'{"errcode": "no number"}', 200, ("failed", None, None)),
        (b"[" * 100_000, 200, ("failed", None, None)),
    ],
)
def test_answers_are_judged_by_their_errcode(
    kind: str, body: bytes, status: int, expected: tuple[str, int | None, int | None]
) -> None:
    receipt = _answered(kind, body, status)

    assert (receipt.status, receipt.errcode, receipt.retry_after_seconds) == expected
    assert receipt.errmsg


def test_a_rate_is_known_by_its_words_too() -> None:
    body = '{"errcode": 88, "errmsg": "发送速度太快而限流"}'.encode()

    assert _answered("dingtalk_bot", body).retry_after_seconds == 600


def test_what_a_robot_says_is_kept_short_and_without_its_token() -> None:
    words = json.dumps({"errcode": 1, "errmsg": f"bad {TOKEN} " + "x" * 2000})

    receipt = _answered("dingtalk_bot", words.encode())

    assert receipt.errmsg.startswith("bad **** xxx")
    assert len(receipt.errmsg) <= 500


def test_the_body_is_utf8_json_and_nothing_is_escaped() -> None:
    got: list[Any] = []

    @Asked.application
    def robot(asked: Asked) -> Told:
        got.append((asked.content_type, asked.get_data()))
        return Told(b'{"errcode": 0}')

    with serving(robot) as origin:
        bot = Robot("wecom_bot", f"{origin}/?key={TOKEN}")
        send(bot, WECOM, uuid=UUID, now=NOW, allow=[origin])

    [(content_type, body)] = got
    assert content_type == "application/json; charset=utf-8"
    assert "一切正常".encode() in body


@pytest.mark.parametrize("kind", ["dingtalk_bot", "wecom_bot"])
def test_a_robot_that_cannot_be_reached_is_tried_again(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}/?access_token={TOKEN}&key={TOKEN}"

    receipt = send(
        Robot(kind, url), MARKDOWN, uuid=UUID, now=NOW, allow=[f"http://127.0.0.1:{port}"]
    )

    assert (receipt.status, receipt.retry_after_seconds) == ("later", 5)
    assert TOKEN not in receipt.errmsg


@pytest.mark.parametrize(("kind", "status"), [("dingtalk_bot", "later"), ("wecom_bot", "failed")])
def test_a_lost_answer_is_tried_again_only_where_a_key_tells_copies_apart(
    kind: str, status: str
) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)

    with talking(hang_up) as port:
        url = f"http://127.0.0.1:{port}/?access_token={TOKEN}&key={TOKEN}"
        allow = [f"http://127.0.0.1:{port}"]
        receipt = send(Robot(kind, url), MARKDOWN, uuid=UUID, now=NOW, allow=allow)

    assert receipt.status == status
    assert ("可能已送达" in receipt.errmsg) == (kind == "wecom_bot")


def test_a_redirect_is_not_followed() -> None:
    with serving(
        Asked.application(lambda asked: Told(status=307, headers={"Location": "/"}))
    ) as at:
        receipt = send(Robot("wecom_bot", f"{at}/?key=a"), WECOM, uuid=UUID, now=NOW, allow=[at])

    assert receipt.status == "failed"
    assert "重定向" in receipt.errmsg


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/robot/send?access_token=a", "https://example.com/?access_token=a", ""]
)
def test_an_address_that_is_no_robots_is_never_opened(url: str) -> None:
    receipt = send(Robot("dingtalk_bot", url), MARKDOWN, uuid=UUID, now=NOW, allow=[])

    assert receipt.status == "failed"
    assert receipt.errcode is None


def test_the_repr_of_a_robot_hides_its_secrets() -> None:
    robot = Robot(
        "dingtalk_bot", f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}", "SEC"
    )

    assert repr(robot) == "Robot(channel_type='dingtalk_bot')"
