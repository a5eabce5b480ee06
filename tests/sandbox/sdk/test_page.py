"""Every script of the module's documentation runs in the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pages import CHINESE, scripts, text_of
from tests.sandbox.sdk.house import House, parameters
from tests.sandbox.web_server import Got

SCRIPTS = scripts(text_of(CHINESE))
ORDERS: list[dict[str, Any]] = [
    {"id": 7, "name": "茶", "stock": 3},
    {"id": 9, "name": "米", "stock": 30},
]


@pytest.mark.parametrize("title", SCRIPTS)
def test_a_script_of_the_page_runs(furnished: House, title: str) -> None:
    furnished.web.pages["/rows"] = lambda _: (200, b"[]")
    log = furnished.run(SCRIPTS[title], parameters(furnished)).fields

    assert (log["status"], log["error"]) == ("success", None)
    assert isinstance(log["result"], dict | None)


def test_the_sample_with_variables_takes_what_is_new_alone(house: House) -> None:
    (script,) = [text for text in SCRIPTS.values() if "last_id" in text]
    params = parameters(house)
    task = house.task(script)

    def page(got: Got) -> tuple[int, bytes]:
        after = int(got.path.partition("after=")[2])
        return 200, json.dumps([one for one in ORDERS if one["id"] > after]).encode()

    house.web.pages["/rows"] = page
    first = house.run_task(task, params)
    sent = len(house.web.sent_to("/robot/send"))
    second = house.run_task(task, params)

    assert first.result == {"title": "订单", "content": "新订单 **2** 个"}
    assert sent == len(house.web.sent_to("/robot/send")) == 1
    assert house.web.got[-1].path == "/rows?after=9"
    assert second.result is None
