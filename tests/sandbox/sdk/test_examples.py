"""Every example of the SDK's documentation runs in a script."""

from __future__ import annotations

import pytest

from infra import sdk_docs
from tests.sandbox.sdk.house import House

EXAMPLES = dict(sdk_docs.examples())


def prepared(house: House) -> dict[str, str]:
    """The parameters that examples take; their addresses are answered."""
    house.web.pages["/rows"] = lambda _: (200, b"[1, 2, 3]")
    return {
        "url": f"{house.web.url}/rows",
        "dingtalk_webhook": f"{house.web.url}/robot/send?access_token=token-of-a-robot",
        "wecom_webhook": f"{house.web.url}/cgi-bin/webhook/send?key=key-of-a-robot",
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(house: House, name: str) -> None:
    log = house.run(f"{EXAMPLES[name]}\nresult = 'done'", prepared(house)).fields

    assert (log["status"], log["error"]) == ("success", None)


def test_the_examples_do_what_they_say(house: House) -> None:
    """What they leave in the log; without `exit`, which ends the script."""
    code = "\n".join(text for name, text in EXAMPLES.items() if name not in ("exit", "quit"))

    output = house.run(code, prepared(house)).output

    lines = [
        "上海: 12",
        "3 条",
        "上次处理到 0",
        "最多处理 10 条",
        "已送达",
        "variable: 变量的值最多 64 KB",
    ]
    assert [line for line in lines if line not in output] == []
    assert "未送达" not in output
