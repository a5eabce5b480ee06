"""The main job on one machine, as a newcomer meets it: real processes, HTTP and clock."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.infra.running import PROJECT, Running, taken_port, until
from tests.openai_server import open_ai

SHANGHAI = ZoneInfo("Asia/Shanghai")

#: The product document's second sample, unmodified.
CARD = (PROJECT / "docs/samples/sales_card.py").read_text(encoding="utf-8")


@contextmanager
def data_folder() -> Iterator[Path]:
    """As root, the accounts of database and sandbox have to pass; pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="module")
def machine() -> Iterator[Running]:
    with data_folder() as folder:
        running = Running(folder).start()
        yield running
        assert running.stop() == 0


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def now() -> datetime:
    return datetime.now(UTC)


def minute_after(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.slow
def test_a_task_due_in_the_next_minute_runs_at_its_second_and_its_card_arrives(
    machine: Running,
) -> None:
    machine.call("PUT", "/inbox/robots/sales", {"secret": "SECsales"})
    channel = machine.call(
        "POST",
        "/api/notification-channels",
        {
            "tenant_id": "acme",
            "channel_name": "销售群",
            "channel_type": "dingtalk_bot",
            "webhook_url": f"{machine.url}/inbox/robot/send?access_token=sales",
            "sign_secret": "SECsales",
        },
    )
    due = minute_after(now())
    task = machine.call(
        "POST",
        "/api/scheduled-tasks",
        {
            "tenant_id": "acme",
            "task_name": "销售日报",
            "time_points": [due.astimezone(SHANGHAI).strftime("%H:%M")],
            "script_content": CARD,
            "notify_channels": [channel["id"]],
        },
    )

    def receipt() -> Any:
        (log,) = machine.call("GET", f"/api/scheduled-tasks/{task['id']}/logs")["items"]
        return log if any(d["status"] == "sent" for d in log["deliveries"]) else None

    log = until(receipt, 75)
    (message,) = machine.call("GET", "/inbox/messages?robot=sales")["items"]

    assert at(log["scheduled_for"]) == due
    assert timedelta(0) <= at(log["started_at"]) - due <= timedelta(seconds=1)
    assert log["status"] == "success"
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] 生成销售日报\n", log["output"])
    assert 0 <= log["duration_ms"] < 5000
    assert log["deliveries"][0]["errcode"] == 0
    assert message["accepted"]
    assert message["payload"]["msgtype"] == "actionCard"
    assert f"{due.astimezone(SHANGHAI):%Y年%m月%d日}" in message["payload"]["actionCard"]["title"]
    assert message["payload"]["actionCard"]["singleURL"] == "https://example.com/report"


@pytest.mark.slow
def test_a_script_asks_a_model_and_a_stand_in_answers(machine: Running) -> None:
    sample = (PROJECT / "docs/samples/daily_push.py").read_text(encoding="utf-8")
    task = {"task_name": "每日推送", "time_points": ["00:00"], "script_content": sample}
    made = machine.call("POST", "/api/scheduled-tasks", task)
    params = {"input_params": {"prompt": "写一句早安"}}
    started = machine.call("POST", f"/api/scheduled-tasks/{made['id']}/run", params)

    log = machine.ended(started["log_id"], 30)

    assert log["status"] == "success", log
    assert "【模拟回答】收到提问:“写一句早安”" in log["result"]["content"]
    assert re.search(r"\[ai\] deepseek-chat: \d+ \+ \d+ tokens, ", log["output"])
    (used,) = machine.call("GET", "/api/ai-usage?tenant_id=_platform")["items"]
    assert log["ai_tokens"] == used["prompt_tokens"] + used["completion_tokens"] > 0
    with urllib.request.urlopen(f"{machine.url}/") as page:
        assert "模拟回答" in page.read().decode()


@pytest.mark.slow
def test_a_provider_that_the_environment_names_is_asked_in_its_place(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ai() as provider:
        monkeypatch.setenv("AI_BASE_URL", provider.url)
        monkeypatch.setenv("AI_API_KEY", "sk-of-the-environment")
        monkeypatch.setenv("EGRESS_ALLOW", provider.url)
        running = Running(data).start()
        try:
            ran = running.test_script("result = ai('a')")
        finally:
            assert running.stop() == 0

    assert ran["result"] == "你好,世界"
    assert provider.headers[0]["Authorization"] == "Bearer sk-of-the-environment"
    logged = "".join(log.read_text("utf-8") for log in data.glob("*.log"))
    assert "sk-of-the-environment" not in logged + ran["output"]


def test_settings_that_name_no_provider_are_told_before_anything_starts(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_PROVIDERS", "sk-a-key-in-the-wrong-place")

    ended = subprocess.run(
        [sys.executable, "-m", "infra.local", "--port", "0", "--data", data],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 1
    assert "AI_PROVIDERS must be a JSON list" in ended.stderr
    assert "sk-a-key" not in ended.stderr + ended.stdout
    assert not (data / "database").exists()


HOSTILE = {
    "raise ValueError('no')": ("failed", "script"),
    "while True: pass": ("failed", "timeout"),
    "import os; os._exit(3)": ("failed", "crash"),
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": ("failed", "crash"),
    "x = bytearray(10 ** 10)": ("failed", "memory"),
    "for _ in range(1600): print('x' * 65536)": ("success", None),
}


@pytest.mark.slow
def test_scripts_that_misbehave_are_told_so_and_the_next_ones_run(machine: Running) -> None:
    sources = list(HOSTILE)

    with ThreadPoolExecutor(len(sources)) as together:
        found = list(together.map(lambda s: machine.test_script(s, timeout_seconds=10), sources))
    clean = machine.test_script("print(1 + 1)\nresult = {'content': 'ok'}")

    assert [(one["status"], one["error_kind"]) for one in found] == [HOSTILE[s] for s in sources]
    assert "ValueError: no" in found[0]["error"]
    flood = found[-1]["output"]
    assert len(flood) < 600_000
    assert re.search(r"104\W?33", flood)  # 104,334,xxx characters left out: it says how many
    assert (clean["status"], clean["output"]) == ("success", "2\n")


@pytest.mark.slow
def test_a_running_script_is_read_and_cancelled(machine: Running) -> None:
    started = _start(machine, "print('begun')\ntime.sleep(300)")
    path = f"/api/task-logs/{started['log_id']}"
    until(lambda: "begun" in machine.call("GET", f"{path}/output")["output"], 10)

    machine.call("POST", f"{path}/cancel")

    until(lambda: machine.call("GET", path)["status"] == "cancelled", 14)


def _start(machine: Running, source: str) -> Any:
    task = {"task_name": "manual", "time_points": ["00:00"], "script_content": source}
    made = machine.call("POST", "/api/scheduled-tasks", task)
    return machine.call("POST", f"/api/scheduled-tasks/{made['id']}/run")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "status"), [("robot/send?access_token=hooked", "success"), ("robots/x", "failed")]
)
def test_a_webhook_task_posts_to_its_address_and_says_what_came_back(
    machine: Running, path: str, status: str
) -> None:
    hook = {"execution_type": "webhook", "webhook_url": f"{machine.url}/inbox/{path}"}
    task = {"task_name": "hook", "time_points": ["00:00"], "input_params": {"a": 1}, **hook}
    made = machine.call("POST", "/api/scheduled-tasks", task)
    started = machine.call("POST", f"/api/scheduled-tasks/{made['id']}/run")
    log = machine.ended(started["log_id"], 10)
    posted = machine.call("GET", "/inbox/messages?robot=hooked")["items"]

    assert log["status"] == status
    if status == "success":
        assert posted[0]["payload"]["trace_id"] == started["trace_id"]
        assert posted[0]["payload"]["params"] == {"a": 1}
    else:
        assert log["error_kind"] == "http"
        assert "405" in log["error"]


@pytest.mark.slow
def test_a_channel_test_answers_what_the_robot_said(machine: Running) -> None:
    machine.call("PUT", "/inbox/robots/strict", {"secret": "SECright"})
    channel = machine.call(
        "POST",
        "/api/notification-channels",
        {
            "channel_name": "wrong secret",
            "channel_type": "dingtalk_bot",
            "webhook_url": f"{machine.url}/inbox/robot/send?access_token=strict",
            "sign_secret": "SECwrong",
        },
    )

    refused = machine.call("POST", f"/api/notification-channels/{channel['id']}/test")
    machine.call("PUT", f"/api/notification-channels/{channel['id']}", {"sign_secret": "SECright"})
    taken = machine.call("POST", f"/api/notification-channels/{channel['id']}/test")

    assert (refused["status"], refused["errcode"]) == ("failed", 310000)
    assert (taken["status"], taken["errcode"]) == ("sent", 0)


@pytest.mark.slow
def test_killed_it_comes_back_with_every_row_and_runs_what_it_missed_once(data: Path) -> None:
    machine = Running(data).start()
    task = {
        "task_name": "every minute",
        "schedule_type": "cron",
        "cron_expression": "* * * * *",
        "script_content": "print('ran')",
    }
    made = machine.call("POST", "/api/scheduled-tasks", task)
    running = _start(machine, "time.sleep(600)")
    until(
        lambda: machine.call("GET", f"/api/task-logs/{running['log_id']}")["status"] == "running",
        10,
    )
    killed_at = now()
    machine.stop(signal.SIGKILL)
    missed = minute_after(killed_at)
    until(lambda: now() > missed, 61)
    machine.start()

    def settled() -> Any:
        logs = machine.call("GET", f"/api/scheduled-tasks/{made['id']}/logs")["items"]
        past = [log for log in logs if at(log["scheduled_for"]) <= missed]
        return past if past and all(log["status"] == "success" for log in past) else None

    past = until(settled, 20)
    lost = machine.call("GET", f"/api/task-logs/{running['log_id']}")

    assert len({log["scheduled_for"] for log in past}) == len(past)
    assert past[0]["scheduled_for"] == f"{missed:%Y-%m-%dT%H:%M:%SZ}"
    assert (lost["status"], lost["error_kind"]) == ("failed", "lost")
    assert machine.call("GET", f"/api/scheduled-tasks/{made['id']}")["task_name"] == "every minute"
    assert machine.stop(signal.SIGINT) == 0


@pytest.mark.slow
def test_a_taken_port_is_told_and_another_chosen(data: Path) -> None:
    with taken_port() as holder:
        port = holder.getsockname()[1]
        machine = Running(data, port).start()
        try:
            assert any(str(port) in line for line in machine.said[:-1])
            assert machine.call("GET", "/api/health")["status"] in ("ok", "late")
            mode = stat.S_IMODE((data / "admin.key").stat().st_mode)
            assert mode == 0o600
        finally:
            machine.stop()
