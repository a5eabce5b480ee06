"""Files that a script leaves in its folder and names in its result."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from chalicelib.domain.messages import render
from tests.sandbox.conftest import Ran

Run = Callable[..., Ran]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
DRAW = f"open('a.png', 'wb').write({PNG!r})\n"


def test_an_image_named_by_its_path_goes_along(run: Run) -> None:
    result = run(DRAW + "result = {'msg_type': 'image', 'path': 'a.png', 'title': '图'}").result

    assert result == {
        "msg_type": "image",
        "title": "图",
        "filename": "a.png",
        "base64": base64.b64encode(PNG).decode(),
    }
    [payload] = render(result, "wecom_bot", "任务").payloads
    assert base64.b64decode(payload["image"]["base64"]) == PNG


def test_a_file_keeps_its_name(run: Run) -> None:
    code = "open('日报.csv', 'w').write('a,b\\n1,2\\n')\nresult = "

    result = run(code + "{'msg_type': 'file', 'path': './日报.csv'}").result

    [payload] = render(result, "wecom_bot", "任务").payloads
    assert payload["file"]["filename"] == "日报.csv"
    assert base64.b64decode(payload["file"]["base64"]) == b"a,b\n1,2\n"


def test_every_image_of_a_list_goes_along(run: Run) -> None:
    code = "from pathlib import Path\nresult = ['a', {'msg_type': 'Image', 'path': Path('a.png')}]"

    result = run(DRAW + code).result

    assert result[0] == "a"
    assert "base64" in result[1]


@pytest.mark.parametrize(
    "result",
    [
        {"msg_type": "image", "path": "missing.png"},
        {"msg_type": "image", "path": "."},
        {"msg_type": "image", "path": "pipe"},
        {"msg_type": "image", "path": "large"},
        {"msg_type": "image", "path": "\0"},
        {"msg_type": "image", "path": 5},
        {"path": "a.png"},
    ],
)
def test_what_cannot_go_along_stays_a_path_and_no_run_fails(run: Run, result: object) -> None:
    make = "import os\nopen('large', 'wb').write(bytes(700_001))\n"
    pipe = "try:\n    os.mkfifo('pipe')\nexcept OSError:\n    pass\n"

    assert run(DRAW + make + pipe + f"result = {result!r}").result == result
