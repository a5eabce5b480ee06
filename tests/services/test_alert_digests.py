"""Many tasks that fail within a minute become one message, which tells of all of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from chalicelib.config import Settings
from chalicelib.gateways import messengers
from chalicelib.gateways.robots import Receipt, Robot
from chalicelib.sandbox.deliveries import deliver_all
from chalicelib.services import run_logs, tasks
from chalicelib.services.dispatching import dispatch
from chalicelib.services.platform import Platform
from infra.local.inbox import Inbox
from tests.fakes import FakeClock, FakeQueue
from tests.loopback import serving
from tests.services.rows import ADMIN, log_rows, make_channel, make_task
from tests.services.sandboxes import FAILURE, SUCCESS, Sandbox
from tests.services.threads import at_once


@dataclass
class House:
    """A platform whose messages arrive at an inbox on a real port."""

    platform: Platform
    queue: FakeQueue
    clock: FakeClock
    sandbox: Sandbox
    origin: str
    inbox: Client
    posted: list[Any]

    def fail(self, outcomes: list[dict[str, Any]]) -> None:
        """Carry out what is due; each run has its outcome."""
        ends = itertools.cycle(outcomes)
        for event in self.queue.take():
            claimed = self.sandbox.claim(event)
            assert self.sandbox.report(claimed, next(ends))["ok"]

    def send(self) -> None:
        """A tick, and the sandboxes that it wakes, which really post."""
        dispatch(self.platform)
        for body in self.queue.take():
            answer = self.sandbox.ask("deliveries", ids=body["ids"], token=body["token"])
            receipts = deliver_all(answer["deliveries"], self._post, self.clock)  # type: ignore[arg-type]
            assert self.sandbox.ask("receipts", token=body["token"], receipts=receipts)["ok"]

    def _post(self, robot: Robot, payload: Any, uuid: str, clock: FakeClock) -> Receipt:
        allow = self.platform.settings.egress_allow
        return messengers.send(robot, payload, uuid=uuid, now=clock.now(), allow=allow)

    def messages(self, robot: str) -> list[dict[str, Any]]:
        items = self.inbox.get(f"/messages?robot={robot}").get_json()["items"]
        return [item["payload"] for item in items if item["errcode"] == 0]

    def robot(self, name: str) -> str:
        return f"{self.origin}/inbox/robot/send?access_token={name}"


@pytest.fixture
def house(platform: Platform, queue: FakeQueue, clock: FakeClock) -> Iterator[House]:
    with _house(platform, queue, clock) as house:
        yield house


@contextmanager
def _house(platform: Platform, queue: FakeQueue, clock: FakeClock) -> Iterator[House]:
    inbox, posted = Inbox(clock, None), []

    @Request.application
    def plain(request: Request) -> Response:
        posted.append((request.headers["Idempotency-Key"], request.get_json()))
        return Response(status=503 if len(posted) == 1 else 204)

    mounted = DispatcherMiddleware(Response(status=404), {"/inbox": inbox, "/hook": plain})
    with serving(mounted) as origin:
        settings = Settings(egress_allow=(f"{origin}/",), public_url="https://zd.example.com")
        platform = replace(platform, settings=settings)
        sandbox = Sandbox(platform, queue)
        yield House(platform, queue, clock, sandbox, origin, Client(inbox), posted)


def start(house: House, count: int, **fields: Any) -> list[int]:
    wished = {"alert_on_failure": True, "is_enabled": False, **fields}
    made = [make_task(house.platform, task_name=f"任务{n}", **wished) for n in range(count)]
    for task in made:
        tasks.run_task(house.platform, ADMIN, task.id)
    return [task.id for task in made]


def test_two_hundred_failures_are_one_message_that_names_them_all(house: House) -> None:
    ids = start(house, 200, alert_webhook=house.robot("ops"))
    house.fail([FAILURE])
    house.send()

    (payload,) = house.messages("ops")
    text = payload["markdown"]["text"]
    assert payload["markdown"]["title"] == "200 次任务执行失败"
    assert "ValueError: no" in text
    assert [n for n in range(200) if f"任务{n}" not in text] == []
    logs = [row["id"] for row in log_rows(house.platform)]
    assert len(logs) == len(ids)
    for log_id in logs[:2]:
        (told,) = run_logs.get_log(house.platform, ADMIN, log_id)["deliveries"]
        assert (told["kind"], told["status"], told["errcode"]) == ("alert", "sent", 0)


def test_long_names_need_more_messages_and_none_is_left_out(house: House) -> None:
    names = [f"{'很长的名字' * 15}{n:03}" for n in range(60)]
    for name in names:
        task = make_task(
            house.platform,
            **{"task_name": name, "is_enabled": False, "alert_on_failure": True},
            alert_webhook=f"{house.origin}/inbox/cgi-bin/webhook/send?key=ops",
        )
        tasks.run_task(house.platform, ADMIN, task.id)
    house.fail([FAILURE, {**FAILURE, "error": "KeyError: 'k'"}])
    house.send()

    payloads = house.messages("ops")
    text = "".join(payload["markdown"]["content"] for payload in payloads)
    assert 2 <= len(payloads) <= 6
    assert [name for name in names if name not in text] == []
    assert all(len(p["markdown"]["content"].encode()) <= 4096 for p in payloads)


def test_a_few_have_a_line_and_a_link_each(house: House) -> None:
    start(house, 3, alert_webhook=house.robot("ops"))
    house.fail([FAILURE, FAILURE, {**FAILURE, "error": "KeyError: 'k'"}])
    house.send()

    text = house.messages("ops")[0]["markdown"]["text"]
    assert text.index("2 次") < text.index("1 次")
    assert "https://zd.example.com/logs/" in text


def test_a_channel_and_two_addresses_are_told_apart(house: House) -> None:
    channel = make_channel(house.platform, webhook_url=house.robot("team"), sign_secret="SECteam")
    house.inbox.put("/robots/team", json={"secret": "SECteam"})
    house.inbox.put("/robots/signed", json={"secret": "SEC+/="})
    start(house, 2, notify_channels=[channel])
    start(house, 3, alert_webhook=house.robot("ops"))
    start(house, 4, alert_webhook=house.robot("signed") + "&secret=SEC%2B%2F%3D")
    house.fail([FAILURE])
    house.send()

    told = {name: house.messages(name) for name in ("team", "ops", "signed")}
    assert {name: [m["markdown"]["title"] for m in sent] for name, sent in told.items()} == {
        "team": ["2 次任务执行失败"],
        "ops": ["3 次任务执行失败"],
        "signed": ["4 次任务执行失败"],
    }


def test_recoveries_are_a_message_of_their_own(house: House) -> None:
    ids = start(house, 5, alert_webhook=house.robot("ops"))
    house.fail([FAILURE])
    house.send()
    for task_id in ids:
        tasks.run_task(house.platform, ADMIN, task_id)
    house.fail([SUCCESS, SUCCESS, SUCCESS, SUCCESS, FAILURE])
    house.send()

    titles = {payload["markdown"]["title"] for payload in house.messages("ops")}
    assert titles == {"5 次任务执行失败", "任务失败: 任务4", "4 个任务已恢复"}


def test_an_address_of_ones_own_gets_json_again_until_it_says_2xx(house: House) -> None:
    start(house, 2, alert_webhook=f"{house.origin}/hook/x")
    house.fail([FAILURE])
    house.send()
    house.clock.advance(seconds=61)
    house.send()

    (first_key, refused), (second_key, taken) = house.posted
    assert first_key == second_key
    assert refused == taken
    assert [run["task_name"] for run in taken["runs"]] == ["任务0", "任务1"]
    assert taken["runs"][0]["log_url"].startswith("https://zd.example.com/logs/")


def test_two_ticks_at_once_tell_nothing_twice(house: House) -> None:
    start(house, 30, alert_webhook=house.robot("ops"))
    house.fail([FAILURE])
    at_once([lambda: dispatch(house.platform)] * 3)
    house.send()

    text = "".join(payload["markdown"]["text"] for payload in house.messages("ops"))
    with house.platform.database.transaction() as tx:
        (alerts,) = tx.all(
            "SELECT COUNT(*) AS n, COUNT(delivery_id) AS told FROM platform_task_alerts"
        )
    assert alerts == {"n": 30, "told": 30}
    named = sorted(int(number) for number in re.findall(r"任务(\d+)", text))
    assert named == list(range(30))


def test_an_alert_of_a_channel_that_is_gone_is_dropped(house: House) -> None:
    channel = make_channel(house.platform, webhook_url=house.robot("team"))
    start(house, 1, notify_channels=[channel])
    house.fail([FAILURE])
    with house.platform.database.transaction() as tx:
        tx.execute("DELETE FROM platform_task_notify_channels")
    house.send()

    with house.platform.database.transaction() as tx:
        assert tx.all("SELECT * FROM platform_task_alerts") == []
    assert house.messages("team") == []
