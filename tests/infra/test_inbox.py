"""The robot inbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local.inbox import Inbox
from infra.local.inbox_store import CAPACITY

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MARKDOWN = {"msgtype": "markdown", "markdown": {"title": "日报", "text": "一切正常"}}
WECOM = {"msgtype": "markdown", "markdown": {"content": "一切正常"}}


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def client(clock: HandClock) -> Client:
    return Client(_mounted(Inbox(clock, None)))


def _mounted(inbox: Inbox) -> Any:
    return DispatcherMiddleware(Response("elsewhere", 404), {"/inbox": inbox})


def dingtalk(client: Client, payload: Any, robot: str = "ops", query: str = "") -> dict[str, Any]:
    return _post(client, f"/inbox/robot/send?access_token={robot}{query}", payload)


def wecom(client: Client, payload: Any, robot: str = "ops") -> dict[str, Any]:
    return _post(client, f"/inbox/cgi-bin/webhook/send?key={robot}", payload)


def _post(client: Client, path: str, payload: Any) -> dict[str, Any]:
    body = (
        payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    )
    answer = client.post(path, data=body, content_type="application/json; charset=utf-8")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.get_json()
    return said


def messages(client: Client, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/inbox/messages{query}").get_json()["items"]
    return items


def signed(secret: str, instant: datetime) -> str:
    timestamp = round(instant.timestamp() * 1000)
    text = f"{timestamp}\n{secret}".encode()
    sign = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    encoded = sign.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"&timestamp={timestamp}&sign={encoded}"


def test_a_message_is_accepted_and_listed(client: Client) -> None:
    assert dingtalk(client, MARKDOWN) == {"errcode": 0, "errmsg": "ok"}

    assert messages(client, "?robot=ops") == [
        {
            "received_at": "2026-03-01T08:00:00.000Z",
            "robot": "ops",
            "accepted": True,
            "errcode": 0,
            "payload": MARKDOWN,
        }
    ]


def test_messages_are_listed_oldest_first_and_by_robot(client: Client, clock: HandClock) -> None:
    for number, robot in enumerate(["a", "b", "a"]):
        clock.instant = START + timedelta(seconds=number)
        wecom(client, {"msgtype": "text", "text": {"content": str(number)}}, robot)

    assert [item["payload"]["text"]["content"] for item in messages(client)] == ["0", "1", "2"]
    assert [item["payload"]["text"]["content"] for item in messages(client, "?robot=a")] == [
        "0",
        "2",
    ]
    assert [item["payload"]["text"]["content"] for item in messages(client, "?limit=1")] == ["2"]
    assert messages(client, "?robot=c") == []


def test_a_robot_with_a_secret_demands_the_signature(client: Client, clock: HandClock) -> None:
    client.put("/inbox/robots/ops", json={"secret": "SECtest"})

    refused = dingtalk(client, MARKDOWN)
    wrong = dingtalk(client, MARKDOWN, query=signed("other", clock.now()))
    accepted = dingtalk(client, MARKDOWN, query=signed("SECtest", clock.now()))

    assert (refused["errcode"], wrong["errcode"], accepted["errcode"]) == (310000, 310000, 0)
    assert "timestamp" in refused["errmsg"]
    assert "sign not match" in wrong["errmsg"]
    assert [item["accepted"] for item in messages(client)] == [False, False, True]


@pytest.mark.parametrize(
    ("hours", "errcode"), [(-1.01, 310000), (-0.99, 0), (0.99, 0), (1.01, 310000)]
)
def test_a_timestamp_may_be_an_hour_off(
    client: Client, clock: HandClock, hours: float, errcode: int
) -> None:
    client.put("/inbox/robots/ops", json={"secret": "SECtest"})

    query = signed("SECtest", clock.now() + timedelta(hours=hours))

    assert dingtalk(client, MARKDOWN, query=query)["errcode"] == errcode


def test_the_published_signature_of_dingtalk_is_accepted(client: Client, clock: HandClock) -> None:
    clock.instant = datetime.fromtimestamp(1577262236.757, UTC)
    client.put("/inbox/robots/ops", json={"secret": "this is secret"})
    sign = "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"

    answer = dingtalk(client, MARKDOWN, query=f"&timestamp=1577262236757&sign={sign}")

    assert answer["errcode"] == 0


def test_a_secret_can_be_taken_away_and_is_never_shown(client: Client) -> None:
    set_answer = client.put("/inbox/robots/ops", json={"secret": "SECtest"})
    client.put("/inbox/robots/ops", json={"secret": None})

    assert "SECtest" not in set_answer.get_data(as_text=True)
    assert dingtalk(client, MARKDOWN)["errcode"] == 0


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"secret": 5}', b"{}", b'{"keywords": "a"}', b'{"keywords": [1]}']
)
def test_a_secret_that_is_no_string_is_refused(client: Client, body: bytes) -> None:
    answer = client.put("/inbox/robots/ops", data=body, content_type="application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("send", "payload", "errcode", "blocked"),
    [(dingtalk, MARKDOWN, 130101, 600), (wecom, WECOM, 45009, 60)],
)
def test_a_robot_takes_twenty_messages_a_minute(
    client: Client,
    clock: HandClock,
    send: Callable[..., Any],
    payload: Any,
    errcode: int,
    blocked: int,
) -> None:
    codes = [send(client, payload)["errcode"] for _ in range(21)]
    other = send(client, payload, "other")["errcode"]
    clock.instant += timedelta(seconds=blocked - 1)
    still = send(client, payload)["errcode"]
    clock.instant += timedelta(seconds=1)

    assert codes == [0] * 20 + [errcode]
    assert other == 0
    assert still == errcode
    assert send(client, payload)["errcode"] == 0


def test_a_robot_with_keywords_takes_nothing_without_one(client: Client) -> None:
    answer = client.put("/inbox/robots/ops", json={"keywords": ["告警", "日报"]})

    accepted = dingtalk(client, MARKDOWN)
    refused = dingtalk(client, {"msgtype": "text", "text": {"content": "一切正常"}})
    client.put("/inbox/robots/ops", json={"keywords": []})
    again = dingtalk(client, {"msgtype": "text", "text": {"content": "一切正常"}})

    assert answer.get_json() == {"robot": "ops", "signed": False}
    assert (accepted["errcode"], refused["errcode"], again["errcode"]) == (0, 310000, 0)
    assert "keywords not in content" in refused["errmsg"]


def test_keywords_and_secret_do_not_undo_each_other(client: Client, clock: HandClock) -> None:
    client.put("/inbox/robots/ops", json={"secret": "SECtest"})
    client.put("/inbox/robots/ops", json={"keywords": ["告警"]})

    unsigned = dingtalk(client, MARKDOWN)
    signed_only = dingtalk(client, MARKDOWN, query=signed("SECtest", clock.now()))

    assert "timestamp" in unsigned["errmsg"]
    assert "keywords" in signed_only["errmsg"]


def test_dingtalk_takes_bodies_of_20000_bytes(client: Client) -> None:
    def sized(size: int) -> bytes:
        empty = json.dumps({"msgtype": "text", "text": {"content": ""}}).encode()
        return empty.replace(b'""', b'"' + b"x" * (size - len(empty)) + b'"')

    assert dingtalk(client, sized(20000))["errcode"] == 0
    assert dingtalk(client, sized(20001))["errcode"] == 460101


@pytest.mark.parametrize(
    ("payload", "errcode"),
    [
        ({"msgtype": "image", "image": {}}, 400105),
        ({"msgtype": ["text"]}, 400105),
        ({}, 400105),
        (b"{", 40035),
        (b"[]", 40035),
        ({"msgtype": "text", "text": {"content": ""}}, 40035),
        ({"msgtype": "link", "link": {"title": "a", "text": "b"}}, 40035),
        ({"msgtype": "markdown", "markdown": "text"}, 40035),
        ({"msgtype": "actionCard", "actionCard": {"title": "a", "text": "b"}}, 40035),
        ({"msgtype": "actionCard", "actionCard": {"title": "a", "text": "b", "btns": [1]}}, 40035),
        ({"msgtype": "feedCard", "feedCard": {"links": [{}]}}, 40035),
        ({"msgtype": "feedCard", "feedCard": {"links": []}}, 40035),
    ],
)
def test_dingtalk_refuses_what_is_no_message(client: Client, payload: Any, errcode: int) -> None:
    assert dingtalk(client, payload)["errcode"] == errcode


def _card(**fields: Any) -> dict[str, Any]:
    return {"msgtype": "template_card", "template_card": fields}


_ACTION = {"type": 1, "url": "https://example.com"}


@pytest.mark.parametrize(
    ("payload", "errcode"),
    [
        ({"msgtype": "markdown", "markdown": {"content": "x" * 4096}}, 0),
        ({"msgtype": "markdown", "markdown": {"content": "字" * 1366}}, 40058),
        ({"msgtype": "markdown_v2", "markdown_v2": {"content": "x" * 4097}}, 40058),
        ({"msgtype": "text", "text": {"content": "x" * 2048}}, 0),
        ({"msgtype": "text", "text": {"content": "x" * 2049}}, 40058),
        ({"msgtype": "text", "text": {"content": 5}}, 44004),
        ({"msgtype": "actionCard", "actionCard": {}}, 40008),
        ({"msgtype": None}, 40008),
        ({"msgtype": "news", "news": {"articles": [{"title": "a", "url": "https://a"}]}}, 0),
        ({"msgtype": "news", "news": {"articles": [{"title": "a", "url": "a.com"}]}}, 45034),
        ({"msgtype": "news", "news": {"articles": [{"title": "a", "url": "http://a"}] * 9}}, 45008),
        ({"msgtype": "news", "news": {"articles": ["a"]}}, 40058),
        ({"msgtype": "news", "news": {}}, 44004),
        ({"msgtype": "file", "file": {"media_id": "a"}}, 0),
        ({"msgtype": "file"}, 44004),
        (_card(card_type="text_notice", sub_title_text="a", card_action=_ACTION), 0),
        (_card(card_type="text_notice", sub_title_text="a"), 40058),
        (_card(card_type="text_notice", card_action=_ACTION), 40058),
        (_card(card_type="button_interaction", main_title={"title": "a"}), 40058),
        (_card(card_type=["text_notice"]), 40058),
        (
            _card(
                card_type="text_notice", sub_title_text="a", card_action=_ACTION, jump_list=[1] * 4
            ),
            40058,
        ),
        (
            _card(card_type="text_notice", sub_title_text="a", card_action=_ACTION, jump_list=4),
            40058,
        ),
    ],
)
def test_wecom_refuses_what_its_robots_refuse(client: Client, payload: Any, errcode: int) -> None:
    assert wecom(client, payload)["errcode"] == errcode


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.mark.parametrize(
    ("data", "md5", "errcode"),
    [
        (PNG, hashlib.md5(PNG).hexdigest(), 0),
        (PNG, "0" * 32, 40058),
        (b"GIF89a", hashlib.md5(b"GIF89a").hexdigest(), 40058),
        (PNG + bytes(2 << 20), "0" * 32, 40006),
        (PNG, "no checksum", 40058),
    ],
)
def test_wecom_looks_into_an_image(client: Client, data: bytes, md5: str, errcode: int) -> None:
    image = {"base64": base64.b64encode(data).decode(), "md5": md5}

    answer = wecom(client, {"msgtype": "image", "image": image})

    assert answer["errcode"] == errcode


def test_a_refusal_names_the_field(client: Client) -> None:
    links = [{"title": "a", "messageURL": "https://a.example/"}]
    jumps = [{"type": 1, "title": "a"}]
    card = _card(card_type="text_notice", sub_title_text="a", card_action=_ACTION, jump_list=jumps)

    told = dingtalk(client, {"msgtype": "feedCard", "feedCard": {"links": links}})["errmsg"]

    assert told == "缺少参数 feedCard.links[0].picURL"
    assert "template_card.jump_list[0].url" in wecom(client, card)["errmsg"]


@pytest.mark.parametrize(
    "path", ["/inbox/robot/send?access_token=a", "/inbox/cgi-bin/webhook/send?key=a"]
)
def test_method_and_content_type_are_checked(client: Client, path: str) -> None:
    assert client.get(path).get_json()["errcode"] == 43002
    assert client.post(path, data=b"{}", content_type="text/plain").get_json()["errcode"] == 43004


def test_a_webhook_without_a_name_is_invalid(client: Client) -> None:
    assert dingtalk(client, MARKDOWN, "")["errcode"] == 40035
    assert wecom(client, WECOM, "")["errcode"] == 93000


def test_a_huge_body_is_refused_unread(client: Client) -> None:
    assert wecom(client, b"x" * 5_000_000)["errcode"] == 45002
    assert messages(client) == []


def test_a_message_that_comes_again_under_its_uuid_is_shown_once(client: Client) -> None:
    again = MARKDOWN | {"msgUuid": "a" * 32}

    codes = [dingtalk(client, again)["errcode"] for _ in range(3)]
    dingtalk(client, again, "other")

    assert codes == [0, 0, 0]
    assert [item["robot"] for item in messages(client)] == ["ops", "other"]


def test_a_refused_message_may_come_again_under_its_uuid(client: Client) -> None:
    client.put("/inbox/robots/ops", json={"secret": "SECtest"})
    again = MARKDOWN | {"msgUuid": "a" * 32}
    dingtalk(client, again)
    client.put("/inbox/robots/ops", json={"secret": ""})

    dingtalk(client, again)

    assert [item["accepted"] for item in messages(client)] == [False, True]


def _token(client: Client) -> str:
    answer = client.get("/inbox/cgi-bin/gettoken?corpid=corp&corpsecret=s").get_json()
    assert (answer["errcode"], answer["expires_in"]) == (0, 7200)
    return str(answer["access_token"])


def _app(client: Client, token: str, **fields: Any) -> int:
    payload = {"touser": "@all", "agentid": 1000002, "msgtype": "text", "text": {"content": "a"}}
    path = f"/inbox/cgi-bin/message/send?access_token={token}"
    return int(_post(client, path, payload | fields)["errcode"])


def test_an_application_message_needs_a_token_an_agent_and_receivers(client: Client) -> None:
    token = _token(client)

    assert _app(client, token) == 0
    assert _app(client, "") == 41001
    assert _app(client, "unknown") == 40014
    assert _app(client, token, agentid="1000002") == 40056
    assert _app(client, token, touser="") == 81013
    assert _app(client, token, msgtype="markdown_v2") == 40008
    assert [item["robot"] for item in messages(client) if item["accepted"]] == ["corp"]


_BUTTONS: dict[str, Any] = {
    "card_type": "button_interaction",
    "main_title": {"title": "a"},
    "task_id": "a1",
    "button_list": [{"type": 1, "text": "a", "url": "https://a.example/"}],
}
_TEXTCARD = {"title": "a", "description": "b", "url": "https://a.example/"}


@pytest.mark.parametrize(
    ("msgtype", "body", "errcode"),
    [
        ("markdown", {"content": "x" * 2049}, 40058),
        ("textcard", _TEXTCARD, 0),
        ("textcard", _TEXTCARD | {"btntxt": "五个字按钮"}, 40058),
        ("textcard", {"title": "a"}, 40058),
        ("image", {"media_id": "m"}, 0),
        ("image", {}, 44004),
        ("template_card", _BUTTONS, 0),
        ("template_card", {k: v for k, v in _BUTTONS.items() if k != "task_id"}, 42014),
        ("template_card", _BUTTONS | {"button_list": _BUTTONS["button_list"] * 7}, 40016),
    ],
)
def test_an_application_has_limits_of_its_own(
    client: Client, msgtype: str, body: dict[str, Any], errcode: int
) -> None:
    assert _app(client, _token(client), **{"msgtype": msgtype, msgtype: body}) == errcode


def test_a_token_lasts_two_hours(client: Client, clock: HandClock) -> None:
    token = _token(client)
    clock.instant += timedelta(seconds=7199)
    assert _app(client, token) == 0
    clock.instant += timedelta(seconds=1)
    assert _app(client, token) == 42001


def test_a_token_needs_corpid_and_the_right_secret(client: Client) -> None:
    client.put("/inbox/robots/corp", json={"secret": "right"})

    def code(query: str) -> int:
        return int(client.get(f"/inbox/cgi-bin/gettoken?{query}").get_json()["errcode"])

    assert code("corpsecret=s") == 41002
    assert code("corpid=corp") == 41004
    assert code("corpid=corp&corpsecret=wrong") == 40001
    assert code("corpid=corp&corpsecret=right") == 0


def test_messages_and_secrets_survive_a_restart(clock: HandClock, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    before = Client(_mounted(Inbox(clock, folder)))
    before.put("/inbox/robots/ops", json={"secret": "SECtest", "keywords": ["日报"]})
    before.put("/inbox/robots/old", json={"keywords": ["无"]})
    uuid = {"msgUuid": "b" * 32}
    dingtalk(before, MARKDOWN | uuid, query=signed("SECtest", START))
    with (folder / "messages.jsonl").open("a") as file:
        file.write('{"half a line')

    after = Client(_mounted(Inbox(clock, folder)))
    again = dingtalk(after, MARKDOWN | uuid, query=signed("SECtest", START))

    assert dingtalk(after, MARKDOWN)["errcode"] == 310000
    assert again["errcode"] == 0
    assert "keywords" in dingtalk(after, MARKDOWN, "old")["errmsg"]
    assert [item["accepted"] for item in messages(after)] == [True, False, False]


def test_secrets_of_an_earlier_version_are_kept(clock: HandClock, tmp_path: Path) -> None:
    (tmp_path / "robots.json").write_text('{"ops": "SECtest"}')

    client = Client(_mounted(Inbox(clock, tmp_path)))

    assert dingtalk(client, MARKDOWN)["errcode"] == 310000
    assert dingtalk(client, MARKDOWN, query=signed("SECtest", START))["errcode"] == 0


def test_files_are_for_their_owner_alone(clock: HandClock, tmp_path: Path) -> None:
    client = Client(_mounted(Inbox(clock, tmp_path)))
    client.put("/inbox/robots/ops", json={"secret": "SECtest"})
    dingtalk(client, MARKDOWN)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {0o600}


def test_old_messages_go_when_there_are_too_many(clock: HandClock, tmp_path: Path) -> None:
    line = json.dumps({"robot": "a", "accepted": False, "errcode": 1, "payload": None}) + "\n"
    (tmp_path / "messages.jsonl").write_text(line * (CAPACITY + 5))

    client = Client(_mounted(Inbox(clock, tmp_path)))

    assert len(messages(client)) == CAPACITY
    assert len((tmp_path / "messages.jsonl").read_text().splitlines()) == CAPACITY


def test_the_page_needs_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/inbox/")

    text = answer.get_data(as_text=True)
    assert answer.content_type == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    programs = re.findall(r'src="([^"]*)"', text)
    assert programs == ["markdown.js", "cards.js"]
    for name in programs:
        program = client.get(f"/inbox/{name}")
        assert program.content_type == "text/javascript; charset=utf-8"
        assert "innerHTML" not in program.get_data(as_text=True)
    assert "innerHTML" not in text
    assert client.get("/inbox").headers["Location"].endswith("/inbox/")


def test_other_paths_are_not_found(client: Client) -> None:
    assert client.get("/inbox/api").status_code == 404
    assert client.delete("/inbox/messages").status_code == 405


def test_a_file_is_taken_for_a_media_id(client: Client) -> None:
    def upload(query: str, data: bytes = b"123456") -> dict[str, Any]:
        path = f"/inbox/cgi-bin/webhook/upload_media?{query}"
        answer = client.post(path, data={"media": (io.BytesIO(data), "a.csv")})
        said: dict[str, Any] = answer.get_json()
        return said

    taken = upload("key=ops&type=file")

    assert (taken["errcode"], taken["type"]) == (0, "file")
    assert len(taken["media_id"]) == 32
    assert upload("type=file")["errcode"] == 93000
    assert upload("key=ops&type=image")["errcode"] == 40004
    assert upload("key=ops&type=file", b"12345")["errcode"] == 40006
    assert client.post("/inbox/cgi-bin/webhook/upload_media?key=ops&type=file").get_json() == {
        "errcode": 41005,
        "errmsg": "missing media data",
    }
