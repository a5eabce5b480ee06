"""The whole platform on this machine tells of failures and sends by an application of WeCom."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.running import Running, until

FAILS = "print('读取订单')\nraise ValueError('no rows')"


@pytest.fixture
def machine() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        # As root, the accounts of database and sandbox have to pass.
        Path(folder).chmod(0o711)
        running = Running(Path(folder)).start()
        yield running
        running.stop()


@pytest.mark.slow
def test_failures_of_a_minute_are_one_card_and_an_application_sends_a_test(
    machine: Running,
) -> None:
    robot = f"{machine.url}/inbox/robot/send?access_token=ops&secret=SECops"
    machine.call("PUT", "/inbox/robots/ops", {"secret": "SECops"})
    made = {"time_points": ["00:00"], "is_enabled": False, "script_content": FAILS}
    alert = {"alert_on_failure": True, "alert_webhook": robot}
    tasks = [
        machine.call("POST", "/api/scheduled-tasks", {"task_name": name, **made, **alert})
        for name in ("对账", "库存")
    ]
    for task in tasks:
        started = machine.call("POST", f"/api/scheduled-tasks/{task['id']}/run")
        machine.ended(started["log_id"], 30)

    application = {
        "app_name": "报表",
        "corpid": "wwmachine",
        "agentid": 1000002,
        "secret": "secret-of-the-app",
        "touser": "@all",
        "api_base": f"{machine.url}/inbox",
    }
    app = machine.call("POST", "/api/wecom-apps", application)
    receipt = machine.call("POST", f"/api/wecom-apps/{app['id']}/test")

    def told() -> list[dict[str, Any]]:
        return list(machine.call("GET", "/inbox/messages?robot=ops")["items"])

    items = until(told, 75)

    assert (receipt["status"], receipt["errcode"]) == ("sent", 0)
    (shown,) = machine.call("GET", "/inbox/messages?robot=wwmachine")["items"]
    assert shown["payload"]["agentid"] == 1000002
    text = "".join(item["payload"]["markdown"]["text"] for item in items)
    assert all(item["accepted"] for item in items)
    assert "ValueError: no rows" in text
    assert "对账" in text
