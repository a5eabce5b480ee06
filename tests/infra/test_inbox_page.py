"""The inbox's page in a real browser: messages are cards as the apps have them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local.inbox import Inbox
from tests.loopback import serving

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no browser on this machine"),
]
EVIL = "<img src=x onerror=alert(1)>"
PICTURE = "https://pictures.example/p.png"
DINGTALK: list[dict[str, Any]] = [
    {
        "msgtype": "actionCard",
        "actionCard": {
            "title": "销售日报",
            "text": "### 销售日报\n| 指标 | 数值 |\n|:-:|--:|\n| 订单 | **52** |\n\n- 甲\n- 乙",
            "btnOrientation": "1",
            "btns": [{"title": f"按钮{n}", "actionURL": f"https://a.example/{n}"} for n in (1, 2)],
        },
    },
    {"msgtype": "text", "text": {"content": EVIL}},
    {
        "msgtype": "markdown",
        "markdown": {"title": "a", "text": f"![图]({PICTURE}) [点](javascript:1)"},
    },
]
CARD = {
    "card_type": "text_notice",
    "main_title": {"title": "卡片"},
    "horizontal_content_list": [{"keyname": "申请人", "value": "张三"}],
    "jump_list": [{"type": 1, "title": "查看", "url": "https://a.example/jump"}],
    "card_action": {"type": 1, "url": "https://a.example/"},
}


class Clock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


def seen(origin: str) -> str:
    """The page's elements, once its programs have run."""
    assert BROWSER
    page = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--lang=zh-CN"),
            *("--virtual-time-budget=1500", "--dump-dom", f"{origin}/inbox/"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return page.stdout


@pytest.fixture(scope="module")
def page() -> str:
    inbox = Inbox(Clock(), None)
    client = Client(inbox)
    for payload in DINGTALK:
        assert client.post("/robot/send?access_token=a", json=payload).get_json()["errcode"] == 0
    card = {"msgtype": "template_card", "template_card": CARD}
    assert client.post("/cgi-bin/webhook/send?key=b", json=card).get_json()["errcode"] == 0
    refused = {"msgtype": "template_card", "template_card": {"jump_list": 5}}
    assert client.post("/cgi-bin/webhook/send?key=b", json=refused).get_json()["errcode"] == 40058
    with serving(DispatcherMiddleware(Response(status=404), {"/inbox": inbox})) as origin:
        return seen(origin)


def test_a_table_is_a_table_and_a_list_a_list(page: str) -> None:
    assert '<td class="right"><strong>52</strong></td>' in page
    assert "<li>甲</li><li>乙</li>" in page


def test_the_title_is_in_the_card_once_and_in_the_notification(page: str) -> None:
    [article] = [one for one in page.split("<article") if "订单" in one]
    shown = re.sub(r"<details>.*?</details>", "", article, flags=re.DOTALL)

    assert shown.count("销售日报") == 2
    assert "🔔 销售日报" in shown


def test_buttons_and_jumps_can_be_opened(page: str) -> None:
    assert 'href="https://a.example/1"' in page
    assert 'href="https://a.example/jump"' in page
    assert '<div class="buttons"><span class="button">' in page
    assert '<span class="dim">申请人</span><span>张三</span>' in page


def test_nothing_of_a_message_runs_or_is_fetched(page: str) -> None:
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert 'class="picture "' in page
    assert json.dumps(EVIL)[1:-1].replace("<", "&lt;").replace(">", "&gt;") in page


def test_a_refused_message_is_shown_as_such(page: str) -> None:
    assert re.search(r'<article class="refused">.*40058', page, re.DOTALL)
