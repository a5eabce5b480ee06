"""What somebody who writes scripts expects, as of any Python; in both regimes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sandbox.output import KEPT
from tests.sandbox.ran import Ran

Run = Callable[..., Ran]
SAMPLE = Path(__file__).parents[2] / "docs/samples/sales_card.py"


def test_the_sample_of_the_document_makes_its_card(author: Run) -> None:
    ran = author(SAMPLE.read_text("utf-8"))

    assert ran.result["msg_type"] == "actionCard"
    assert re.fullmatch(r"销售日报 \| \d{4}年\d\d月\d\d日", ran.result["title"])
    assert "| 销售额 | **¥" in ran.result["content"]
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] 生成销售日报\n", ran.output)


def test_a_script_is_the_main_module(author: Run) -> None:
    ran = author("""
import inspect, os, pickle, sys
from dataclasses import dataclass

@dataclass(order=True)
class Row:
    city: str
    amount: int = 0

    def doubled(self):
        return self.amount * 2

def total(rows):
    '''合计。'''
    return sum(row.doubled() for row in rows)

if __name__ == "__main__":
    rows = [Row("上海", 1), Row("北京", 2)]
    again = pickle.loads(pickle.dumps(rows))
    result = [again == rows, total(again), Row.__module__, os.path.basename(__file__), sys.argv,
              inspect.getsource(total), inspect.getsource(Row).splitlines()[:2],
              inspect.getsource(Row.doubled).strip()]
""")

    assert ran.result == [
        True, 6, "__main__", "script.py", ["script.py"],
        "def total(rows):\n    '''合计。'''\n    return sum(row.doubled() for row in rows)\n",
        ["@dataclass(order=True)", "class Row:"],
        "def doubled(self):\n        return self.amount * 2",
    ]  # fmt: skip


def test_chinese_text_everywhere(author: Run) -> None:
    ran = author("""
销售额 = {"上海": 12, "😀": 3}
print("合计", sum(销售额.values()), sep=":")
log(f"{'北京':>6}|")
result = {"标题": "日报 😀", "名称": list(销售额)}
""")

    assert ran.result == {"标题": "日报 😀", "名称": ["上海", "😀"]}
    assert ran.output.startswith("合计:15\n[")
    assert ran.output.endswith("    北京|\n")


def test_half_a_megabyte_of_output_is_kept_and_of_more_both_ends(author: Run) -> None:
    whole = author("print('数' * 99, flush=True)\n" * 1 + "for n in range(5000): print('x' * 99)")
    cut = author("for n in range(10_000): print(f'{n:099}')")

    assert len(whole.output) == 500_100
    assert cut.output.startswith(f"{0:099}\n")
    assert cut.output.endswith(f"{9999:099}\n")
    left_out = 1_000_000 - 2 * KEPT
    assert f"此处省略 {left_out} 个字符 / {left_out} characters left out" in cut.output


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout.write('报告\\n')",
        "sys.stdout.buffer.write('报告\\n'.encode())",
        "sys.stdout.reconfigure(encoding='utf-8'); print('报告')",
        "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8'); print('报告')",
        "sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding='utf-8'); print('报告')",
        "print('报告', file=sys.stderr)",
        "sys.__stdout__.writelines(['报', '告', '\\n'])",
        "import logging; logging.basicConfig(format='%(message)s', level='INFO'); "
        "logging.info('报告')",
        "import logging; logging.error('%s', '报告')",
        "import pprint; pprint.pp('报告')",
        "import atexit; atexit.register(print, '报告')",
    ],
)
def test_every_way_to_print_ends_in_the_log(author: Run, code: str) -> None:
    ran = author(f"import io, sys\n{code}\nlog('ok')")

    assert "报告" in ran.output
    assert "] ok\n" in ran.output


def test_output_can_be_caught(author: Run) -> None:
    ran = author("""
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as caught:
    print("inside", 1)
print("outside")
result = caught.getvalue()
""")

    assert (ran.result, ran.output) == ("inside 1\n", "outside\n")


def test_what_cannot_be_encoded_is_printed_all_the_same(author: Run) -> None:
    assert author("print('a\\ud800b')").output == "a\\ud800b\n"


def test_a_warning_is_told_with_its_line(author: Run) -> None:
    ran = author("import warnings\n\nwarnings.warn('过时')\nresult = 1")

    assert ran.output == "script.py:3: UserWarning: 过时\n  warnings.warn('过时')\n"


def test_nobody_answers_input(author: Run) -> None:
    ran = author("name = input('名字?')")

    assert ran.error.startswith("Traceback (most recent call last):\n")
    assert "get_param" in ran.error
    assert "EOFError: 定时任务运行时没有人可以输入" in ran.error


@pytest.mark.parametrize("head", ["\ufeff", "\ufeff# -*- coding: gbk -*-\n", "\r\n"])
def test_what_editors_put_first_does_no_harm(author: Run, head: str) -> None:
    assert author(f"{head}text = '中文'\r\nresult = len(text)\r\n").result == 2


def test_lines_are_those_of_python(author: Run) -> None:
    """A form feed or a separator inside a text ends no line."""
    ran = author("a = 'x\u2028y\x0c'\nb = 2\n1 / 0  # here\n")

    assert "line 3" in ran.error
    assert "1 / 0  # here" in ran.error


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
def test_libraries_work(author: Run, code: str, expected: Any) -> None:
    assert author(code).result == expected
