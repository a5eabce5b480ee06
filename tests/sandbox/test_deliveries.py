"""Messages to robots that are real HTTP servers, and their receipts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.gateways.clock import Clock
from chalicelib.gateways.robots import Receipt, Robot
from chalicelib.sandbox.deliveries import send_parts
from tests.fakes import FakeClock
from tests.sandbox.world import World


def test_messages_go_out_and_their_receipts_come_back(world: World) -> None:
    deliveries = [world.delivery(1, "dingtalk_bot"), world.delivery(2, "wecom_bot")]
    answer = {"ok": True, "deliveries": deliveries, "token": "receipt-token"}
    world.broker.rules["report"] = lambda _: answer

    world.run("result = {'content': '你好'}")

    (dingtalk,), (wecom,) = (
        world.web.sent_to("/robot/send"),
        world.web.sent_to("/cgi-bin/webhook/send"),
    )
    assert "sign=" in dingtalk.path
    assert dingtalk.json["msgtype"] == wecom.json["msgtype"] == "markdown"
    assert [(one["id"], one["status"], one["errcode"]) for one in world.receipts] == [
        (1, "sent", 0),
        (2, "sent", 0),
    ]
    assert world.broker.asked("receipts")[0]["token"] == "receipt-token"
    assert world.receipts[1]["payload"] == wecom.json
    told = json.dumps(world.receipts)
    assert not any(secret in told for secret in ("SECsign", "channel-token", "sign="))


def test_one_bad_delivery_does_not_stop_the_others(world: World) -> None:
    wrong = world.delivery(1, "dingtalk_bot", result={"msg_type": "nonsense", "content": "x"})
    broken = world.delivery(2, "dingtalk_bot", uuid=None, channel={"channel_type": "dingtalk_bot"})
    refusing = world.delivery(3, "dingtalk_bot")
    world.web.pages["/robot/send"] = lambda _: (200, b'{"errcode": 310000, "errmsg": "no sign"}')
    deliveries = [wrong, broken, refusing, world.delivery(4, "wecom_bot")]
    world.broker.rules["deliveries"] = lambda _: {"ok": True, "deliveries": deliveries}

    world.run(event={"kind": "deliver", "ids": [1, 2, 3, 4], "token": "t"})

    (asked,) = world.broker.asked("deliveries")
    assert (asked["ids"], asked["token"]) == ([1, 2, 3, 4], "t")
    assert [one["status"] for one in world.receipts] == ["failed", "failed", "failed", "sent"]
    assert "nonsense" in world.receipts[0]["errmsg"]
    assert "KeyError" in world.receipts[1]["errmsg"]
    assert world.receipts[2]["errcode"] == 310000


@pytest.mark.parametrize(("refused_part", "sent", "status"), [(9, 3, "sent"), (1, 2, "later")])
def test_the_parts_of_a_message_go_in_order_up_to_the_first_that_does_not(
    refused_part: int, sent: int, status: str
) -> None:
    keys: list[str] = []

    def send(robot: Robot, payload: dict[str, Any], uuid: str, clock: Clock) -> Receipt:
        keys.append(uuid)
        return Receipt("later" if payload["part"] == refused_part else "sent", 0, "", None)

    parts = {number: {"part": number} for number in range(3)}
    receipt, gone = send_parts(Robot("wecom_bot", ""), parts, "ab" * 16, send, FakeClock())

    assert (receipt.status, gone) == (status, min(refused_part, 3))
    assert len(keys) == len(set(keys)) == sent
    assert keys[0] == "ab" * 16


def test_a_long_message_goes_in_parts_and_points_to_the_page_of_the_run(world: World) -> None:
    long = {"title": "日报", "content": "字" * 9000}
    delivery = world.delivery(1, "wecom_bot", result=long, page="https://zhundian.example/logs/3")
    world.broker.rules["deliveries"] = lambda _: {"ok": True, "deliveries": [delivery]}

    world.run(event={"kind": "deliver", "ids": [1], "token": "t"})

    texts = [one.json["markdown"]["content"] for one in world.web.sent_to("/cgi-bin/webhook/send")]
    assert len(texts) == 5
    assert "(1/5)" in texts[0]
    assert texts[4].endswith("(https://zhundian.example/logs/3)")
    assert world.receipts[0]["status"] == "sent"
    assert len(world.receipts[0]["payload"]["parts"]) == 5


def test_parts_that_have_gone_do_not_go_again(world: World) -> None:
    """Of five parts the robot takes two; the third is put off, and then the rest goes."""
    long = {"title": "日报", "content": "字" * 9000}
    answers = [b'{"errcode": 0, "errmsg": "ok"}'] * 2
    answers += [b'{"errcode": 45009, "errmsg": "api freq out of limit"}']
    world.web.pages["/cgi-bin/webhook/send"] = lambda got: (200, answers.pop(0))
    first = world.delivery(1, "wecom_bot", result=long)
    world.broker.rules["deliveries"] = lambda _: {"ok": True, "deliveries": [first]}
    world.run(event={"kind": "deliver", "ids": [1], "token": "t"})
    put_off = world.receipts[0]

    answers += [b'{"errcode": 0, "errmsg": "ok"}'] * 3
    again = {**first, "sent_parts": put_off["sent_parts"]}
    world.broker.rules["deliveries"] = lambda _: {"ok": True, "deliveries": [again]}
    world.broker.requests.clear()
    world.run(event={"kind": "deliver", "ids": [1], "token": "t"})

    texts = [one.json["markdown"]["content"] for one in world.web.sent_to("/cgi-bin/webhook/send")]
    marks = [text[text.index("(") :][:5] for text in texts]
    assert (put_off["status"], put_off["sent_parts"]) == ("later", 2)
    assert (world.receipts[0]["status"], world.receipts[0]["sent_parts"]) == ("sent", 5)
    assert marks == ["(1/5)", "(2/5)", "(3/5)", "(3/5)", "(4/5)", "(5/5)"]


def test_a_list_of_nothing_is_sent_by_nobody(world: World) -> None:
    delivery = world.delivery(1, "wecom_bot", result=[None])
    world.broker.rules["deliveries"] = lambda _: {"ok": True, "deliveries": [delivery]}

    world.run(event={"kind": "deliver", "ids": [1], "token": "t"})

    assert world.web.sent_to("/cgi-bin/webhook/send") == []
    assert (world.receipts[0]["status"], world.receipts[0]["payload"]) == ("sent", None)


def test_of_no_parts_the_receipt_says_that_nothing_went() -> None:
    def send(robot: Robot, payload: dict[str, Any], uuid: str, clock: Clock) -> Receipt:
        raise AssertionError("nothing is to be sent")

    receipt, gone = send_parts(Robot("wecom_bot", ""), {}, "ab" * 16, send, FakeClock())

    assert (receipt.status, gone) == ("failed", 0)
