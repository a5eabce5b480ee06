"""What an author may expect where the machine allows the fd-jail only, as Lambda does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sandbox import execute_only, protection
from tests.sandbox.conftest import UID
from tests.sandbox.hostile.environment import Environment

Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def run(python: str, readable_folder: Path) -> Iterator[Run]:
    copy = execute_only.Copy(python)
    uid = os.getuid() if UID is None else UID + 3000
    # A developer's account has other processes.
    required = protection.REQUIRED["fd-jail"] - {"own_account"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        environment = Environment(
            copy.python, readable_folder, uid, Path(folder), True, " ".join(required)
        )
        try:
            environment.start()
            assert environment.told["regime"] == "fd-jail"
            yield lambda code: environment.run(code) or {}
        finally:
            environment.stop()
            copy.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import requests\nresult = requests.get('https://x.example/').status_code", 200),
        ("import requests\nresult = requests.post('http://x.example/', json={}).ok", True),
        (
            "import urllib.request\nresult = urllib.request.urlopen('https://x.example/').status",
            200,
        ),
        ("def late():\n    import http.client, xml.dom.minidom, sqlite3\nresult = late()", None),
        ("import zoneinfo\nresult = str(zoneinfo.ZoneInfo('Europe/Berlin'))", "Europe/Berlin"),
        (
            "import mimetypes; mimetypes.init()\nresult = mimetypes.guess_type('a.png')[0]",
            "image/png",
        ),
        (
            "import requests\nfiles = {'f': ('a.pdf', b'x')}\n"
            "result = requests.post('https://x.example/', files=files).status_code",
            200,
        ),
        ("import logging; logging.warning('告警')\nresult = 1", 1),
        ("import csv, io, decimal, statistics, uuid\nresult = len(str(uuid.uuid4()))", 36),
    ],
)
def test_libraries_work(run: Run, code: str, expected: Any) -> None:
    told = run(code)

    assert told["status"] == "success", told
    assert told["result"] == expected


def test_asyncio_works_although_nothing_can_be_opened(run: Run) -> None:
    told = run("""
import asyncio

async def wait(number):
    await asyncio.sleep(0.05)
    return number

async def main():
    async with asyncio.timeout(3):
        waited = await asyncio.gather(*(wait(n) for n in range(20)))
        status = await asyncio.to_thread(lambda: http_get("http://x/").status_code)
    return sum(waited), status

start = time.perf_counter()
result = [*asyncio.run(main()), *asyncio.run(main()), time.perf_counter() - start < 1]
""")

    assert told["result"] == [190, 200, 190, 200, True], told


@pytest.mark.parametrize(
    "code",
    [
        "import threading; threading.Thread(target=print).start()",
        "from concurrent.futures import ThreadPoolExecutor; ThreadPoolExecutor().submit(print)",
    ],
)
def test_threads_are_refused_with_words_that_help(run: Run, code: str) -> None:
    told = run(code)

    assert told["error_kind"] == "script"
    assert "有的环境不支持线程" in told["error"]


def test_an_error_has_the_lines_of_the_script(run: Run) -> None:
    told = run("def work(rows):\n    return rows[3]\n\nwork([1])")

    assert "sandbox_runner" not in told["error"]
    assert 'File "script.py", line 4, in <module>\n    work([1])' in told["error"]
    assert told["error"].endswith("IndexError: list index out of range")
