"""Alerts: after the last attempt, to whom the task says, once, and told again when it works."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.tasks import Task
from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from tests.fakes import FakeClock, FakeQueue
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox

ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=abcdef0123456789"
PLAIN = "https://hooks.example.com/T0/B0"
TRACEBACK = 'Traceback:\n  File "script.py", line 3\nValueError: no rows'


class Alerts:
    """Runs a task and sees which messages a sandbox is then told to send."""

    def __init__(self, platform: Platform, sandbox: Sandbox, clock: FakeClock) -> None:
        self.platform, self.sandbox, self.clock = platform, sandbox, clock
        assert isinstance(sandbox.queue, FakeQueue)
        self.queue = sandbox.queue

    def run(self, task: Task, outcome: dict[str, Any], output: str = "") -> int:
        """One run by hand, one attempt of it; returns its log."""
        started = tasks.run_task(self.platform, ADMIN, task.id)
        self.attempt(outcome, output)
        return int(started["log_id"])

    def attempt(self, outcome: dict[str, Any], output: str = "") -> None:
        (event,) = [body for body in self.queue.take() if body["kind"] == "run"]
        assert self.sandbox.report(self.sandbox.claim(event), outcome, output)["ok"]

    def told(self) -> list[dict[str, Any]]:
        """What goes out by the next tick; all of it arrives."""
        dispatch(self.platform)
        sent: list[dict[str, Any]] = []
        for body in self.queue.take():
            if body["kind"] == "deliver":
                answer = self.sandbox.ask("deliveries", ids=body["ids"], token=body["token"])
                sent += answer["deliveries"]
                receipts = [{"id": d["id"], "status": "sent"} for d in answer["deliveries"]]
                self.sandbox.ask("receipts", token=body["token"], receipts=receipts)
        return sent


@pytest.fixture
def alerts(platform: Platform, sandbox: Sandbox, clock: FakeClock) -> Alerts:
    return Alerts(platform, sandbox, clock)


def failing(platform: Platform, **fields: Any) -> Task:
    wished = {"alert_on_failure": True, "alert_webhook": ROBOT, **fields}
    return make_task(platform, is_enabled=False, **wished)


def test_a_failure_is_told_with_all_that_one_wants_to_know(
    platform: Platform, alerts: Alerts
) -> None:
    task = failing(platform, task_name="对账")
    alerts.run(task, {**FAILURE, "error": TRACEBACK}, "one\ntwo\n")

    (sent,) = alerts.told()

    content = sent["result"]["content"]
    assert sent["channel"]["channel_type"] == "dingtalk_bot"
    assert sent["channel"]["webhook_url"] == ROBOT
    assert sent["result"]["title"] == "任务失败: 对账"
    assert "2026-11-23 08:00:00 (Asia/Shanghai)" in content
    assert "> ValueError: no rows" in content
    assert "> one\n> two" in content


def test_without_the_option_nothing_is_told(platform: Platform, alerts: Alerts) -> None:
    alerts.run(failing(platform, alert_on_failure=False), FAILURE)

    assert alerts.told() == []


def test_only_the_last_attempt_is_a_failure(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform, retry_count=1, retry_interval=1)
    alerts.run(task, FAILURE)
    before = alerts.told()
    alerts.clock.advance(seconds=2)
    alerts.attempt(FAILURE)

    (sent,) = alerts.told()

    assert before == []
    assert "2 次均失败" in sent["result"]["content"]


def test_a_retry_that_works_is_no_failure_and_no_recovery(
    platform: Platform, alerts: Alerts
) -> None:
    task = failing(platform, retry_count=1, retry_interval=1)
    alerts.run(task, FAILURE)
    alerts.clock.advance(seconds=2)
    alerts.attempt(SUCCESS)

    assert alerts.told() == []


def test_a_run_that_fell_silent_is_told_by_the_tick_that_finds_it(
    platform: Platform, alerts: Alerts
) -> None:
    started = tasks.run_task(platform, ADMIN, failing(platform).id)
    alerts.sandbox.claim(alerts.queue.take()[0])
    alerts.clock.advance(seconds=46)

    (sent,) = alerts.told()

    assert "失去联系" in sent["result"]["content"]
    assert log_rows(platform, id=started["log_id"])[0]["error_kind"] == "lost"


def test_the_next_success_is_told_once(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform)
    for _ in range(2):
        alerts.run(task, FAILURE)
    failures = alerts.told()
    alerts.run(task, SUCCESS)
    recovery = alerts.told()
    alerts.run(task, SUCCESS)

    assert "2 次任务执行失败" in failures[0]["result"]["title"]
    assert [sent["result"]["title"] for sent in recovery] == ["任务已恢复: daily"]
    assert "连续失败 2 次" in recovery[0]["result"]["content"]
    assert alerts.told() == []


def test_a_cancelled_run_is_neither(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform)
    alerts.run(task, FAILURE)
    alerts.told()
    started = tasks.run_task(platform, ADMIN, task.id)
    run_logs.cancel(platform, ADMIN, started["log_id"])
    alerts.queue.take()

    assert alerts.told() == []
    alerts.run(task, SUCCESS)
    assert len(alerts.told()) == 1


def test_so_many_failures_in_a_row(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform, alert_after_failures=3)
    told = []
    for outcome in (FAILURE, FAILURE, SUCCESS, FAILURE, FAILURE, FAILURE):
        alerts.run(task, outcome)
        told.append(len(alerts.told()))

    assert told == [0, 0, 0, 0, 0, 1]


def test_not_again_within_so_many_minutes(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform, alert_quiet_minutes=30)
    told = []
    for outcome in (FAILURE, FAILURE, SUCCESS, FAILURE, SUCCESS):
        alerts.run(task, outcome)
        told.append([sent["result"]["title"] for sent in alerts.told()])
        alerts.clock.advance(minutes=5)
    alerts.clock.advance(minutes=10)
    alerts.run(task, FAILURE)

    failed, well = ["任务失败: daily"], ["任务已恢复: daily"]
    assert told == [failed, [], well, [], []]
    assert [sent["result"]["title"] for sent in alerts.told()] == failed


def test_without_an_address_the_tasks_own_channels_are_told(
    platform: Platform, alerts: Alerts
) -> None:
    on, off = make_channel(platform), make_channel(platform, is_enabled=False)
    task = failing(platform, alert_webhook=None, notify_channels=[on, off])
    alerts.run(task, FAILURE)

    assert [sent["channel"]["id"] for sent in alerts.told()] == [on]


@pytest.mark.parametrize(
    ("address", "kind", "url", "secret"),
    [
        (ROBOT, "dingtalk_bot", ROBOT, None),
        (f"{ROBOT}&secret=SECx%2F", "dingtalk_bot", ROBOT, "SECx/"),
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k-1",
            "wecom_bot",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k-1",
            None,
        ),
        (
            "http://127.0.0.1:8000/inbox/robot/send?access_token=ops",
            "dingtalk_bot",
            "http://127.0.0.1:8000/inbox/robot/send?access_token=ops",
            None,
        ),
        (f"{PLAIN}?secret=s", "webhook", f"{PLAIN}?secret=s", None),
    ],
)
def test_the_address_tells_who_takes_it(
    platform: Platform, alerts: Alerts, address: str, kind: str, url: str, secret: str | None
) -> None:
    alerts.run(failing(platform, alert_webhook=address), FAILURE)

    (channel,) = [sent["channel"] for sent in alerts.told()]

    assert (channel["channel_type"], channel["webhook_url"]) == (kind, url)
    assert channel["sign_secret"] == secret


def test_what_is_no_robot_gets_json_for_machines(platform: Platform, alerts: Alerts) -> None:
    task = failing(platform, alert_webhook=PLAIN)
    log_id = alerts.run(task, {**FAILURE, "error": TRACEBACK}, "out")

    (sent,) = alerts.told()

    (run,) = sent["result"]["runs"]
    assert sent["result"]["kind"] == "alert"
    assert (run["task_id"], run["log_id"]) == (task.id, log_id)
    assert (run["error_kind"], run["output"]) == ("script", "out")
    assert run["error"].endswith("ValueError: no rows")


def test_the_log_shows_its_alert_and_no_address(platform: Platform, alerts: Alerts) -> None:
    log_id = alerts.run(failing(platform), FAILURE)
    alerts.told()

    log = run_logs.get_log(platform, ADMIN, log_id)

    (delivery,) = log["deliveries"]
    assert (delivery["kind"], delivery["status"]) == ("alert", "sent")
    assert delivery["channel_name"] == "alert_webhook oapi.dingtalk.com"
    with platform.database.transaction() as tx:
        kept = tx.all("SELECT address FROM platform_task_deliveries")
        kept += tx.all("SELECT address FROM platform_task_alerts")
    assert {row["address"] for row in kept} == {None}


def test_a_tenant_is_told_of_its_own_runs_alone(platform: Platform, alerts: Alerts) -> None:
    for tenant in ("acme", "bolt"):
        alerts.run(failing(platform, tenant_id=tenant, task_name=tenant), FAILURE)

    sent = alerts.told()

    assert sorted(one["result"]["title"] for one in sent) == ["任务失败: acme", "任务失败: bolt"]
