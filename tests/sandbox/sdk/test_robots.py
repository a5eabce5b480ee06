"""`dingtalk` and `wecom`: a message at once, and a return value that tells the outcome."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.sandbox.robot_calls import robot_calls
from tests.sandbox.sdk.house import House, Log

KINDS = {"dingtalk": "robot/send?access_token=", "wecom": "cgi-bin/webhook/send?key="}
TOKEN = "token-of-a-robot"


def robot_of(house: House, name: str) -> str:
    return f"{house.web.url}/{KINDS[name]}{TOKEN}"


def run(house: House, name: str, code: str) -> Log:
    return house.run(f"robot = get_param('robot')\n{code}", {"robot": robot_of(house, name)})


def sent(house: House) -> list[dict[str, Any]]:
    return [got.json for got in house.web.got]


def answering(house: House, answer: str, status: int = 200) -> None:
    for path in ("/robot/send", "/cgi-bin/webhook/send"):
        house.web.pages[path] = lambda _: (status, answer.encode())


def test_dingtalk_sends_text_as_markdown_with_its_title(house: House) -> None:
    log = run(house, "dingtalk", "result = dingtalk(robot, '**3** 单', title='日报')")

    assert log.result == {"ok": True, "errcode": 0, "errmsg": "ok", "hint": ""}
    (payload,) = sent(house)
    assert payload.pop("msgUuid")
    assert payload == {"msgtype": "markdown", "markdown": {"title": "日报", "text": "**3** 单"}}


def test_the_title_is_that_of_the_document_where_none_is_given(house: House) -> None:
    run(house, "dingtalk", "dingtalk(robot, '# 库存\\n不足')")

    assert sent(house)[0]["markdown"]["title"] == "通知"


def test_wecom_sends_text_as_markdown(house: House) -> None:
    log = run(house, "wecom", "result = bool(wecom(robot, '**3** 单'))")

    assert log.result is True
    assert sent(house) == [{"msgtype": "markdown", "markdown": {"content": "**3** 单"}}]


@pytest.mark.parametrize(("name", "msgtype"), [("dingtalk", "link"), ("wecom", "news")])
def test_a_dict_has_the_form_of_a_result(house: House, name: str, msgtype: str) -> None:
    card = {"msg_type": "link", "title": "周报", "content": "x", "url": "https://example.com/"}
    log = run(house, name, f"result = bool({name}(robot, {card}))")

    assert log.result is True
    assert sent(house)[0]["msgtype"] == msgtype


@pytest.mark.parametrize("name", KINDS)
def test_a_robot_that_refuses_raises_nothing_and_is_false_with_a_hint(
    house: House, name: str
) -> None:
    code = {"dingtalk": 310000, "wecom": 93000}[name]
    answering(house, f'{{"errcode": {code}, "errmsg": "keywords not in content {TOKEN}"}}')
    log = run(
        house, name, f"sent = {name}(robot, 'x')\nresult = ['yes' if sent else 'no', dict(sent)]"
    )

    said, outcome = log.result
    assert said == "no"
    assert (outcome["ok"], outcome["errcode"]) == (False, code)
    assert outcome["errmsg"].startswith("keywords not in content")
    assert outcome["hint"]
    assert TOKEN not in str(outcome)


def test_a_robot_that_is_away_is_false_too(house: House) -> None:
    answering(house, "", 503)

    assert run(house, "dingtalk", "result = bool(dingtalk(robot, 'x'))").result is False


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("dingtalk(None, 'x')", "TypeError: webhook_url 须为文本,现在是 NoneType"),
        ("dingtalk(robot, 5)", "TypeError: content 须为文本或字典,现在是 int"),
        ("dingtalk(robot, 'x', title=1)", "TypeError: title 须为文本"),
        ("dingtalk(robot)", "TypeError: "),
        ("dingtalk(robot, {'content': 'x', 'at': datetime.now()})", "TypeError: content['at'] 是"),
        ("wecom(robot, ['x'])", "TypeError: content must be text or a dict"),
        ("dingtalk(robot, ' ')", "ValueError: 消息内容为空"),
        ("dingtalk(robot, {'msg_type': 'video'})", "ValueError: "),
        ("dingtalk('https://example.com/hook', 'x')", "ValueError: 不是钉钉机器人的 Webhook"),
        ("wecom('http://169.254.169.254/?key=abcdef', 'x')", "ValueError: 不允许访问内网"),
        ("wecom('https://oapi.dingtalk.com/robot/send?access_token=abc', 'x')", "钉钉的 Webhook"),
    ],
)
def test_wrong_arguments_are_errors_of_the_script_and_nothing_is_sent(
    house: House, call: str, words: str
) -> None:
    log = run(house, "dingtalk", call)

    assert log.fields["error_kind"] == "script"
    assert words.partition(" must")[0].split(": ")[-1] in log.error
    assert words.partition(":")[0] in log.error
    assert sent(house) == []


def test_what_was_changed_on_the_way_is_in_the_hint(house: House) -> None:
    log = run(house, "dingtalk", "result = dingtalk(robot, '字' * 20000)['hint']")

    assert "已拆成 4 条" in log.result
    assert len(sent(house)) == 4


def test_a_field_that_no_message_has_may_be_deep(house: House) -> None:
    log = run(house, "wecom", "result = wecom(robot, {'content': 'x', 'a': [[[[[[1]]]]]]})")

    assert (log.result["ok"], "a" in log.result["hint"]) == (True, True)


def test_the_outcome_is_a_dict_that_can_be_kept(house: House) -> None:
    log = run(
        house,
        "wecom",
        "sent = wecom(robot, 'x')\nset_var('sent', sent)\n"
        "result = [get_var('sent') == sent, isinstance(sent, dict), sent.get('errcode')]",
    )

    assert log.result == [True, True, 0]


def test_messages_count_as_traffic(house: House) -> None:
    handle = robot_calls(house.here.send, house.clock, house.here.allow)["dingtalk"]
    args = {"webhook_url": robot_of(house, "dingtalk"), "content": "x" * 5000, "title": ""}

    answer = handle(args, 5)

    assert answer.value["ok"]
    assert 5000 < answer.traffic < 5200
