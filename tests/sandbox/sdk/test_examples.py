"""Every example of the SDK's documentation runs in a script."""

from __future__ import annotations

import pytest

from infra import sdk_docs
from tests.sandbox.sdk.house import House, parameters

EXAMPLES = dict(sdk_docs.examples())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(furnished: House, name: str) -> None:
    log = furnished.run(f"{EXAMPLES[name]}\nresult = 'done'", parameters(furnished)).fields

    assert (log["status"], log["error"]) == ("success", None)


def test_the_examples_do_what_they_say(furnished: House) -> None:
    """What they leave in the log; without `exit`, which ends the script."""
    code = "\n".join(text for name, text in EXAMPLES.items() if name not in ("exit", "quit"))

    output = furnished.run(code, parameters(furnished)).output

    lines = [
        "上海: 12",
        "上海: 42",
        "你好,世界",
        "3 条",
        "上次处理到 0",
        "最多处理 10 条",
        "已送达",
        "variable: 变量的值最多 64 KB",
    ]
    assert [line for line in lines if line not in output] == []
    assert "未送达" not in output
