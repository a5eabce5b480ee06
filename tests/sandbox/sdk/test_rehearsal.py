"""Test runs: what they would send and store is shown, in the caller's language, and not done."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from chalicelib.domain.access import Principal, Role
from chalicelib.domain.errors import Invalid
from chalicelib.domain.text import Language
from chalicelib.services import run_logs, script_tests, secrets
from tests.sandbox.sdk.house import House
from tests.services.rows import ADMIN, log_rows, make_channel

ACME = Principal(2, "acme's editor", "acme", Role.editor)


@dataclass(frozen=True)
class WorkingClock:
    """Who waits for a run by this clock has the sandbox work meanwhile."""

    house: House

    def now(self) -> datetime:
        return self.house.clock.now()

    def sleep_until(self, instant: datetime) -> None:
        self.house.work()
        self.house.clock.sleep_until(instant)


def try_out(
    house: House, script: str, who: Principal = ADMIN, language: Language = "en", **fields: Any
) -> dict[str, Any]:
    """The answer to a test that ends in time."""
    platform = replace(house.platform, clock=WorkingClock(house))
    sent = {"script_content": script, **fields}
    finished, answer = script_tests.test_script(platform, who, sent, language)
    assert finished
    return answer


def test_a_test_answers_how_it_ended_and_where_it_failed(house: House) -> None:
    script = "print('one')\ndef half(n):\n    return 1 / n\nhalf(0)"
    answer = try_out(house, script)

    assert (answer["status"], answer["error_kind"], answer["error_line"]) == ("failed", "script", 3)
    assert answer["output"] == "one\n"
    assert answer["error"].endswith("ZeroDivisionError: division by zero")
    assert answer["duration_ms"] >= 0
    assert (answer["messages"], answer["result"]) == ([], None)
    assert answer["variables"] == {"set": {}, "deleted": []}


@pytest.mark.parametrize(("script", "line"), [("x = (", 1), ("\n\nx = = 1", 3), ("\nexit(2)", 2)])
def test_the_line_of_an_error_is_told(house: House, script: str, line: int) -> None:
    assert try_out(house, script)["error_line"] == line


def test_each_channel_gets_its_message_as_it_would_go_out(house: House) -> None:
    ids = [
        make_channel(house.platform),
        make_channel(
            house.platform,
            channel_type="wecom_bot",
            webhook_url="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789",
            sign_secret=None,
        ),
    ]
    answer = try_out(
        house,
        "result = {'title': 'T', 'content': 'x', 'buttons': [{'title': 'a', 'url': 'https://a.cn'}]}",
        notify_channels=ids,
    )

    assert [message["channel_id"] for message in answer["messages"]] == ids
    card, notice = (message["payload"] for message in answer["messages"])
    assert card["actionCard"]["singleURL"] == "https://a.cn"
    assert notice["msgtype"] == "template_card"
    told = str(answer)
    assert not any(secret in told for secret in ("SECdeadbeef", "abcdef0123456789", "sign="))


@pytest.mark.parametrize(
    ("language", "note", "error"),
    [
        ("en", "These fields were not used: colour", "must be a string"),
        ("zh", "以下字段未使用", "应为字符串"),
    ],
)
def test_notes_and_errors_are_in_the_callers_language(
    house: House, language: Language, note: str, error: str
) -> None:
    channel = make_channel(house.platform)
    robot = f"{house.web.url}/robot/send?access_token=token"
    script = f"result = {{'content': 'x', 'colour': 1}}\ndingtalk('{robot}', result)"
    noted = try_out(house, script, language=language, notify_channels=[channel])
    wrong = try_out(house, "result = {'content': 5}", language=language, notify_channels=[channel])

    assert [note in message["notes"][0] for message in noted["messages"]] == [True, True]
    assert error in wrong["messages"][0]["error"]
    assert wrong["messages"][0]["payload"] is None


def test_messages_of_the_scripts_own_are_caught(house: House) -> None:
    script = f"""
first = dingtalk('{house.web.url}/robot/send?access_token=token-of-a-robot', '**3** 单')
second = wecom('{house.web.url}/cgi-bin/webhook/send?key=key-of-a-robot', {{'content': '好'}})
result = [bool(first), first['hint'], second['errcode']]
"""
    answer = try_out(house, script)

    assert answer["result"][0] is True
    assert "A test run: not sent" in answer["result"][1]
    assert [one["payload"]["msgtype"] for one in answer["messages"]] == ["markdown", "markdown"]
    assert [one["channel_id"] for one in answer["messages"]] == [None, None]
    assert [one["channel_type"] for one in answer["messages"]] == ["dingtalk_bot", "wecom_bot"]
    assert "of-a-robot" not in str(answer)
    assert house.web.got == []


def test_messages_before_an_error_are_shown_too(house: House) -> None:
    robot = f"{house.web.url}/robot/send?access_token=token"
    answer = try_out(house, f"dingtalk('{robot}', 'x')\n1 / 0")

    assert (answer["status"], len(answer["messages"])) == ("failed", 1)


def test_wrong_arguments_are_told_as_in_a_real_run(house: House) -> None:
    assert "ValueError: 不是钉钉" in try_out(house, "dingtalk('https://a.cn', 'x')")["error"]


def test_of_very_many_messages_the_first_are_shown_and_the_rest_counted(house: House) -> None:
    robot = f"{house.web.url}/robot/send?access_token=token"
    answer = try_out(house, f"for n in range(130): dingtalk('{robot}', str(n))")

    assert len(answer["messages"]) == 101
    assert answer["messages"][-1]["error"] == "30 more messages are not shown"


def test_variables_are_kept_to_the_test_and_shown(house: House) -> None:
    task = house.task("set_var('old', 1)\nset_var('gone', 2)", tenant_id="acme")
    house.run_task(task)
    script = """
before = [get_var('old'), get_var('gone'), get_var('none', 'no')]
set_var('new', {'a': [1]})
set_var('old', get_var('old') + 1)
set_var('brief', 1)
del_var('brief')
del_var('gone')
del_var('none')
after = [get_var(key, 'no') for key in ('new', 'old', 'gone', 'brief')]
result = [before, after, task_id, tenant_id]
"""
    answer = try_out(house, script, task_id=task.id)

    assert answer["result"] == [[1, 2, "no"], [{"a": [1]}, 2, "no", "no"], task.id, "acme"]
    assert answer["variables"] == {"set": {"new": {"a": [1]}, "old": 2}, "deleted": ["gone"]}
    look = house.task("result = 1")
    stored = try_out(house, "result = [get_var('old'), get_var('gone')]", task_id=task.id)
    assert stored["result"] == [1, 2]
    assert try_out(house, "result = get_var('old')", task_id=look.id)["result"] is None
    assert log_rows(house.platform, trigger_type="test")[0]["task_id"] is None


def test_a_variable_that_could_not_be_stored_is_refused_in_a_test_too(house: House) -> None:
    answer = try_out(house, "set_var('a', 1)\nset_var('a', 'x' * 70000)")

    assert "64 KB" in answer["error"]
    assert answer["variables"]["set"] == {"a": 1}


def test_a_new_script_without_a_task_has_variables_of_its_own_for_the_test(house: House) -> None:
    script = "set_var('n', get_var('n', 0) + 1)\nresult = [get_var('n'), task_id]"

    assert try_out(house, script)["result"] == [1, None]
    assert try_out(house, script)["result"] == [1, None]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"task_id": 999999}, "task_id"), ({"tenant_id": "umbrella"}, "tenant_id"), ({}, "")],
)
def test_a_task_must_be_there_and_of_the_tenant(
    house: House, fields: dict[str, Any], field: str
) -> None:
    task = house.task("result = 1", tenant_id="acme")
    sent = {"task_id": task.id, **fields}
    if not field:
        assert try_out(house, "result = tenant_id", **sent)["result"] == "acme"
        return
    with pytest.raises(Invalid) as refused:
        try_out(house, "result = 1", **sent)

    assert [error.field for error in refused.value.errors] == [field]


def test_anothers_task_is_as_one_that_is_not_there(house: House) -> None:
    theirs = house.task("set_var('a', 1)", tenant_id="umbrella")
    words = []
    for task_id in (theirs.id, 999999):
        with pytest.raises(Invalid) as refused:
            try_out(house, "result = get_var('a')", ACME, task_id=task_id)
        words += [str(refused.value.errors[0].message).replace(str(task_id), "N")]

    assert words[0] == words[1]
    assert log_rows(house.platform) == []


def test_a_long_test_shows_all_of_it_in_its_log(house: House) -> None:
    """Nobody works while the request waits, so it is answered by the log's id."""
    channel = make_channel(house.platform)
    robot = f"{house.web.url}/robot/send?access_token=token"
    script = f"set_var('a', 1)\ndingtalk('{robot}', 'x', '标题')\nresult = 'done'"
    sent = {"script_content": script, "notify_channels": [channel]}
    finished, ids = script_tests.test_script(house.platform, ADMIN, sent, "en")
    house.work()
    log = run_logs.get_log(house.platform, ADMIN, ids["log_id"], "en")

    assert not finished
    assert (log["status"], log["result"], log["error_line"]) == ("success", "done", None)
    assert [message["channel_id"] for message in log["messages"]] == [None, channel]
    assert log["variables"] == {"set": {"a": 1}, "deleted": []}


def test_a_test_may_be_run_again(house: House) -> None:
    task = house.task("set_var('a', 5)")
    house.run_task(task)
    first = try_out(house, "set_var('b', get_var('a'))\nresult = task_id", task_id=task.id)
    again = run_logs.rerun(house.platform, ADMIN, first["log_id"])
    house.work()
    log = run_logs.get_log(house.platform, ADMIN, again["log_id"])

    assert (log["result"], log["task_id"], log["trigger_type"]) == (task.id, None, "test")
    assert log["variables"]["set"] == {"b": 5}


def test_limits_are_those_of_real_runs(house: House) -> None:
    answer = try_out(house, "while True: pass", timeout_seconds=1)

    assert (answer["status"], answer["error_kind"]) == ("failed", "timeout")


def test_an_ordinary_run_has_neither_messages_nor_variables_in_its_log(house: House) -> None:
    log = house.run("set_var('a', 1)").fields

    assert {"messages", "variables"} & set(log) == set()
    assert log["error_line"] is None


def test_a_secret_shows_nowhere_in_what_was_caught(house: House) -> None:
    secret = {"secret_key": "k", "value": "for-its-owner-alone"}
    secrets.create_secret(house.platform, ADMIN, secret)
    robot = f"{house.web.url}/robot/send?access_token=token"
    script = f"dingtalk('{robot}', get_secret('k'))\nset_var('a', [get_secret('k')])"
    answer = try_out(house, script)

    assert answer["status"] == "success"
    assert "for-its-owner-alone" not in str(answer)
    assert answer["variables"]["set"] == {"a": ["******"]}


def test_a_message_that_is_cut_within_a_secret_shows_no_part_of_it(house: House) -> None:
    secret = {"secret_key": "k", "value": "for-its-owner-alone"}
    secrets.create_secret(house.platform, ADMIN, secret)
    robots = "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789"
    script = (
        "s = get_secret('k')\n"
        f"dingtalk({robots!r}, 'x', title='t' * 118 + s + 'u')\n"
        f"dingtalk({robots!r}, {{'msg_type': 'text', 'content': 'c' * 18800 + s * 100}})"
    )

    messages = try_out(house, script)["messages"]

    assert len(messages) == 2
    assert "for-i" not in json.dumps(messages)
