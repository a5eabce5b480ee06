"""Messages by WeCom's applications: a token is fetched once and replaced once; receipts tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.repositories import wecom_apps as rows
from chalicelib.services import run_logs, tasks, wecom_apps, wecom_tokens
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, make_task
from tests.services.sandboxes import FAILURE, SUCCESS
from tests.services.threads import at_once
from tests.services.wecom import CORPID, SECRET, Corp, corp_on

SEND = "/cgi-bin/message/send"
GETTOKEN = "/cgi-bin/gettoken"


@pytest.fixture
def corp(platform: Platform, queue: FakeQueue, clock: FakeClock) -> Iterator[Corp]:
    with corp_on(platform, queue, clock) as corp:
        yield corp


def run(corp: Corp, outcome: dict[str, Any] | None = None, **fields: Any) -> int:
    """One run of a task that sends by an application; its messages are sent, too."""
    app = wecom_apps.create_app(corp.platform, ADMIN, corp.app())
    task = make_task(corp.platform, is_enabled=False, notify_wecom_app_id=app.id, **fields)
    return again(corp, task.id, outcome)


def again(corp: Corp, task_id: int, outcome: dict[str, Any] | None = None) -> int:
    log_id = int(tasks.run_task(corp.platform, ADMIN, task_id)["log_id"])
    claimed = corp.sandbox.claim(corp.queue.take()[0])
    answer = corp.sandbox.report(claimed, outcome or {**SUCCESS, "result": "好"})
    corp.post(answer["deliveries"], answer["token"])
    return log_id


def receipt(corp: Corp, log_id: int) -> dict[str, Any]:
    (found,) = run_logs.get_log(corp.platform, ADMIN, log_id)["deliveries"]
    return dict(found)


def test_a_result_goes_out_by_the_application(corp: Corp) -> None:
    log_id = run(corp)

    (payload,) = corp.wecom.messages()
    assert (payload["agentid"], payload["touser"]) == (1000002, "@all")
    assert "好" in payload["markdown"]["content"]
    assert "enable_duplicate_check" not in payload
    found = receipt(corp, log_id)
    assert (found["status"], found["errcode"], found["channel_name"]) == ("sent", 0, "报表")


@pytest.mark.parametrize(
    ("result", "msgtype"),
    [
        ({"msg_type": "text", "content": "好"}, "text"),
        ({"title": "日报", "content": "| a |\n|---|\n| 1 |"}, "markdown"),
        (
            {"msg_type": "link", "title": "t", "content": "c", "url": "https://a.example"},
            "textcard",
        ),
        ({"articles": [{"title": "t", "url": "https://a.example"}]}, "news"),
        (
            {
                "msg_type": "template_card",
                "card_type": "button_interaction",
                "title": "审批",
                "content": "c",
                "buttons": [{"title": "看", "url": "https://a.example"}],
            },
            "template_card",
        ),
    ],
)
def test_every_kind_of_result_is_taken(corp: Corp, result: dict[str, Any], msgtype: str) -> None:
    log_id = run(corp, {**SUCCESS, "result": result})

    assert receipt(corp, log_id)["errmsg"] == "ok"
    assert [payload["msgtype"] for payload in corp.wecom.messages()] == [msgtype]


def test_a_long_result_goes_in_parts_of_what_wecom_takes(corp: Corp) -> None:
    log_id = run(corp, {**SUCCESS, "result": {"title": "长", "content": "很长的一行\n" * 300}})

    parts = [payload["markdown"]["content"] for payload in corp.wecom.messages()]
    assert len(parts) > 1
    assert all(len(part.encode()) <= 2048 for part in parts)
    assert receipt(corp, log_id)["status"] == "sent"


def test_the_secret_is_nowhere_but_sealed_in_its_row(corp: Corp) -> None:
    run(corp)
    dumped = []
    with corp.platform.database.transaction() as tx:
        for (name,) in [tuple(row.values()) for row in tx.all("SHOW TABLES")]:
            dumped += tx.all(f"SELECT * FROM {name}")  # noqa: S608
    assert CORPID in str(dumped)
    assert SECRET not in str(dumped)
    assert "access_token=" not in str(dumped)


def test_one_token_serves_until_five_minutes_before_its_end(corp: Corp) -> None:
    run(corp)
    with corp.platform.database.transaction() as tx:
        (task,) = tx.all("SELECT id FROM platform_scheduled_tasks")
    counts = []
    for seconds in (6899, 2, 0):
        corp.clock.advance(seconds=seconds)
        again(corp, task["id"])
        counts.append(corp.wecom.tokens())

    assert counts == [1, 2, 2]
    assert len(corp.wecom.messages()) == 4


def test_eight_environments_at_once_fetch_one_token(corp: Corp) -> None:
    app = wecom_apps.create_app(corp.platform, ADMIN, corp.app())
    with corp.platform.database.transaction() as tx:
        sealed = rows.get(tx, app.id)
    assert sealed is not None

    got = at_once([lambda: wecom_tokens.token_of(corp.platform, sealed)] * 8)

    assert len(set(got)) == 1
    assert corp.wecom.tokens() == 1


def test_a_token_that_wecom_forgot_is_replaced_and_the_message_sent_again_at_once(
    corp: Corp,
) -> None:
    run(corp)
    corp.wecom.forget_tokens()
    with corp.platform.database.transaction() as tx:
        (task,) = tx.all("SELECT id FROM platform_scheduled_tasks")
    log_id = again(corp, task["id"])
    corp.clock.advance(seconds=1)
    dispatch(corp.platform)
    corp.deliver()

    (payload,) = corp.wecom.messages()
    assert payload["enable_duplicate_check"] == 1
    assert corp.wecom.tokens() == 2
    assert receipt(corp, log_id)["status"] == "sent"


def test_a_new_token_that_is_refused_as_well_is_the_end_of_it(corp: Corp) -> None:
    corp.wecom.says[SEND] = {"errcode": 42001, "errmsg": "access_token expired"}
    log_id = run(corp)
    for _ in range(3):
        corp.clock.advance(seconds=61)
        dispatch(corp.platform)
        corp.deliver()

    found = receipt(corp, log_id)
    assert (found["status"], found["attempts"], found["errcode"]) == ("failed", 2, 42001)
    assert corp.wecom.asked.count(SEND) == 2
    assert corp.wecom.tokens() == 2


def test_receivers_that_wecom_left_out_are_named(corp: Corp) -> None:
    corp.wecom.says[SEND] = {"errcode": 0, "errmsg": "ok", "invaliduser": "wang|li"}
    found = receipt(corp, run(corp))

    assert found["status"] == "sent"
    assert "invaliduser=wang|li" in found["errmsg"]


def test_an_address_that_is_not_allowed_is_named(corp: Corp) -> None:
    words = "not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at https"
    corp.wecom.says[SEND] = {"errcode": 60020, "errmsg": words}
    found = receipt(corp, run(corp))

    assert found["status"] == "failed"
    assert "企业可信IP」中添加 203.0.113.7" in found["errmsg"]


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"errcode": 40001, "errmsg": "invalid credential"}, "failed", "Secret 不正确"),
        ({"errcode": 40013, "errmsg": "invalid corpid"}, "failed", "corpid"),
        ({"errcode": 45009, "errmsg": "freq"}, "pending", "freq"),
        (502, "pending", "获取 access_token 失败"),
        (["no object"], "failed", "JSON"),
    ],
)
def test_without_a_token_the_receipt_says_why_and_nothing_is_sent(
    corp: Corp, said: Any, status: str, words: str
) -> None:
    corp.wecom.says[GETTOKEN] = said
    found = receipt(corp, run(corp))

    assert found["status"] == status
    assert words in found["errmsg"]
    assert SECRET not in json.dumps(found, default=str)
    assert corp.wecom.asked.count(SEND) == 0


def test_a_message_that_may_have_arrived_is_sent_again_for_wecom_to_drop(corp: Corp) -> None:
    corp.wecom.says[SEND] = 503
    log_id = run(corp)
    del corp.wecom.says[SEND]
    corp.clock.advance(seconds=61)
    dispatch(corp.platform)
    corp.deliver()

    (payload,) = corp.wecom.messages()
    assert (payload["enable_duplicate_check"], payload["duplicate_check_interval"]) == (1, 1800)
    assert receipt(corp, log_id)["status"] == "sent"


def test_an_application_that_was_deleted_meanwhile_fails_with_words(corp: Corp) -> None:
    app = wecom_apps.create_app(corp.platform, ADMIN, corp.app())
    task = make_task(corp.platform, is_enabled=False, notify_wecom_app_id=app.id)
    tasks.run_task(corp.platform, ADMIN, task.id)
    claimed = corp.sandbox.claim(corp.queue.take()[0])
    corp.wecom.says[GETTOKEN] = 502
    answer = corp.sandbox.report(claimed, {**SUCCESS, "result": "x"})
    tasks.update_task(corp.platform, ADMIN, task.id, {"notify_wecom_app_id": None})
    wecom_apps.delete_app(corp.platform, ADMIN, app.id)
    corp.clock.advance(seconds=61)
    dispatch(corp.platform)
    corp.deliver()

    found = receipt(corp, claimed["log_id"])
    assert answer["deliveries"] == []
    assert (found["status"], "已删除" in found["errmsg"]) == ("failed", True)


def test_an_application_that_is_off_gets_nothing(corp: Corp) -> None:
    app = wecom_apps.create_app(corp.platform, ADMIN, corp.app())
    task = make_task(corp.platform, is_enabled=False, notify_wecom_app_id=app.id)
    wecom_apps.update_app(corp.platform, ADMIN, app.id, {"is_enabled": False})
    log_id = again(corp, task.id)

    assert run_logs.get_log(corp.platform, ADMIN, log_id)["deliveries"] == []


def test_failures_are_told_by_the_application_too(corp: Corp) -> None:
    log_id = run(corp, FAILURE, alert_on_failure=True)
    dispatch(corp.platform)
    corp.deliver()

    found = receipt(corp, log_id)
    assert (found["kind"], found["channel_type"], found["status"]) == ("alert", "wecom_app", "sent")
    assert "任务失败" in corp.wecom.messages()[0]["markdown"]["content"]
