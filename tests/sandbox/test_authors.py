"""What somebody who writes scripts expects, as of any Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.sandbox.output import KEPT
from tests.sandbox.conftest import Ran

Run = Callable[..., Ran]
SAMPLE = Path(__file__).parents[2] / "docs/samples/sales_card.py"


def test_the_sample_of_the_document_makes_its_card(run: Run) -> None:
    ran = run(SAMPLE.read_text("utf-8"))

    assert ran.result["msg_type"] == "actionCard"
    assert re.fullmatch(r"销售日报 \| \d{4}年\d\d月\d\d日", ran.result["title"])
    assert "| 销售额 | **¥" in ran.result["content"]
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] 生成销售日报\n", ran.output)


def test_a_script_is_the_main_module(run: Run) -> None:
    ran = run("""
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


def test_asyncio_runs_tasks_side_by_side(run: Run) -> None:
    ran = run("""
import asyncio

async def wait(number):
    await asyncio.sleep(0.1)
    return number

async def main():
    async with asyncio.timeout(3):
        pages = await asyncio.gather(*(wait(n) for n in range(10)))
        page = await asyncio.to_thread(lambda: http_get("http://x/").text)
    return pages, page

start = time.perf_counter()
pages, page = asyncio.run(main())
result = [pages, page, time.perf_counter() - start < 0.8]
""")

    assert ran.result == [list(range(10)), "nothing", True]


def test_threads_queues_and_pools(run: Run) -> None:
    ran = run("""
import queue, threading
from concurrent.futures import ThreadPoolExecutor, as_completed
done = queue.Queue()
threads = [threading.Thread(target=done.put, args=(n,)) for n in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with ThreadPoolExecutor() as pool:
    squares = sorted(f.result() for f in as_completed([pool.submit(pow, n, 2) for n in range(5)]))
result = [sorted(done.queue), squares]
""")

    assert ran.result == [[0, 1, 2, 3, 4], [0, 1, 4, 9, 16]]


def test_chinese_text_everywhere(run: Run) -> None:
    ran = run("""
销售额 = {"上海": 12, "😀": 3}
print("合计", sum(销售额.values()), sep=":")
log(f"{'北京':>6}|")
result = {"标题": "日报 😀", "名称": list(销售额)}
""")

    assert ran.result == {"标题": "日报 😀", "名称": ["上海", "😀"]}
    assert ran.output.startswith("合计:15\n[")
    assert ran.output.endswith("    北京|\n")


def test_half_a_megabyte_of_output_is_kept_and_of_more_both_ends(run: Run) -> None:
    whole = run("print('数' * 99, flush=True)\n" * 1 + "for n in range(5000): print('x' * 99)")
    cut = run("for n in range(10_000): print(f'{n:099}')")

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
def test_every_way_to_print_ends_in_the_log(run: Run, code: str) -> None:
    ran = run(f"import io, sys\n{code}\nlog('ok')")

    assert "报告" in ran.output
    assert "] ok\n" in ran.output


def test_output_can_be_caught(run: Run) -> None:
    ran = run("""
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as caught:
    print("inside", 1)
print("outside")
result = caught.getvalue()
""")

    assert (ran.result, ran.output) == ("inside 1\n", "outside\n")


def test_what_cannot_be_encoded_is_printed_all_the_same(run: Run) -> None:
    assert run("print('a\\ud800b')").output == "a\\ud800b\n"


def test_a_warning_is_told_with_its_line(run: Run) -> None:
    ran = run("import warnings\n\nwarnings.warn('过时')\nresult = 1")

    assert ran.output == "script.py:3: UserWarning: 过时\n  warnings.warn('过时')\n"


def test_nobody_answers_input(run: Run) -> None:
    ran = run("name = input('名字?')")

    assert ran.error.startswith("Traceback (most recent call last):\n")
    assert "get_param" in ran.error
    assert "EOFError: 定时任务运行时没有人可以输入" in ran.error


def _told(*lines: str) -> str:
    return "\n".join(["Traceback (most recent call last):", *lines])


def _without_marks(text: str) -> str:
    """Versions of Python underline differently."""
    return "\n".join(line for line in text.splitlines() if line.strip(" ~^"))


def test_an_error_in_nested_functions_shows_each_line_of_the_script(run: Run) -> None:
    ran = run("""
class Report:
    def build(self):
        return [self.row(n) for n in (1, 0)]

    def row(self, n):
        return 10 / n

Report().build()""")

    assert "sandbox_runner" not in ran.error
    found = re.findall(r'File "(.*?)", line (\d+), in (\S+)', ran.error)
    assert [(file, int(line)) for file, line, name in found if name != "<listcomp>"] == [
        ("script.py", 9), ("script.py", 4), ("script.py", 7),
    ]  # fmt: skip
    assert "    return 10 / n" in ran.error
    assert ran.error.endswith("ZeroDivisionError: division by zero")


def test_an_error_below_an_sdk_function_is_that_of_the_line_that_called_it(run: Run) -> None:
    ran = run("url = 'http://x/'\nhttp_get(url, headers=3)")

    assert _without_marks(ran.error).startswith(
        _told('  File "script.py", line 2, in <module>', "    http_get(url, headers=3)")
    )
    assert "web.py" not in ran.error


def test_chained_errors_are_told_in_their_order(run: Run) -> None:
    ran = run("""
def load():
    try:
        return {}["城市"]
    except KeyError as error:
        raise RuntimeError("没有数据") from error

try:
    load()
except RuntimeError:
    int("x")
""")

    parts = re.findall(r"^(\w+Error): ", ran.error, re.MULTILINE)
    assert parts == ["KeyError", "RuntimeError", "ValueError"]
    assert "direct cause" in ran.error
    assert "During handling" in ran.error


def test_what_a_library_tried_inside_is_left_out(run: Run) -> None:
    ran = run("import decimal, fractions\nfractions.Fraction('abc')\n")

    assert _without_marks(ran.error) == _told(
        '  File "script.py", line 2, in <module>',
        "    fractions.Fraction('abc')",
        "ValueError: Invalid literal for Fraction: 'abc'",
    )


def test_an_exception_group_shows_its_members(run: Run) -> None:
    ran = run("""
def bad(n):
    raise ValueError(n)
errors = []
for n in (1, 2):
    try:
        bad(n)
    except ValueError as error:
        errors.append(error)
raise ExceptionGroup("两个错误", errors)
""")

    assert "ExceptionGroup: 两个错误 (2 sub-exceptions)" in ran.error
    assert ran.error.count("line 3, in bad") == 2
    assert "sandbox_runner" not in ran.error


def test_an_error_in_a_thread_is_told_in_the_log(run: Run) -> None:
    ran = run("""
import threading
def work():
    raise ValueError("在线程里")
thread = threading.Thread(target=work, name="worker-1")
thread.start()
thread.join()
result = "done"
""")

    assert ran.result == "done"
    assert _without_marks(ran.output) == "Exception in thread worker-1:\n" + _told(
        '  File "script.py", line 4, in work',
        '    raise ValueError("在线程里")',
        "ValueError: 在线程里",
    )


def test_too_many_threads_are_refused_with_words_that_help(run: Run) -> None:
    ran = run("""
import threading
for _ in range(60):
    threading.Thread(target=time.sleep, args=(9,)).start()
""")

    assert "RuntimeError: 不能再启动线程" in ran.error
    assert "max_workers" in ran.error


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("exec('x = = 1')", ['  File "script.py", line 1, in <module>', '  File "<string>"']),
        ("compile('x = (', 'rule.py', 'exec')", ['  File "script.py", line 1', '"rule.py"']),
        ("exec('1/0')", ['  File "script.py", line 1', '  File "<string>", line 1']),
        ("eval('名称')", ["NameError: name '名称' is not defined"]),
    ],
)
def test_errors_in_code_that_is_made_at_run_time(run: Run, code: str, lines: list[str]) -> None:
    ran = run(code)

    assert ran.kind == "script"
    assert all(line in ran.error for line in lines), ran.error


def test_full_width_punctuation_is_pointed_at(run: Run) -> None:
    ran = run("x = 1\nprint(x\uff0c2)")

    assert "line 2" in ran.error
    assert "U+FF0C" in ran.error


@pytest.mark.parametrize("head", ["\ufeff", "\ufeff# -*- coding: gbk -*-\n", "\r\n"])
def test_what_editors_put_first_does_no_harm(run: Run, head: str) -> None:
    assert run(f"{head}text = '中文'\r\nresult = len(text)\r\n").result == 2


def test_lines_are_those_of_python(run: Run) -> None:
    """A form feed or a separator inside a text ends no line."""
    ran = run("a = 'x\u2028y\x0c'\nb = 2\n1 / 0  # here\n")

    assert "line 3" in ran.error
    assert "1 / 0  # here" in ran.error


def test_deep_recursion_is_an_error_that_can_be_caught(run: Run) -> None:
    ran = run("""
def down(n):
    return 1 + down(n + 1)
try:
    down(0)
except RecursionError as error:
    print(error)
down(0)
""")

    assert "maximum recursion depth exceeded" in ran.output
    assert "[Previous line repeated " in ran.error
    assert "RecursionError" in ran.error


def test_memory_that_is_not_there_is_an_error_with_its_line(run: Run) -> None:
    ran = run("rows = []\nwhile True:\n    rows.append(bytes(10_000_000))")

    assert ran.kind == "memory"
    assert "line 3" in ran.error
    assert "MemoryError" in ran.error
    assert "分批" in ran.error


def test_memory_that_is_not_there_can_be_done_without(run: Run) -> None:
    code = "try:\n    x = bytes(10 ** 9)\nexcept MemoryError:\n    result = 'smaller then'"

    assert run(code).result == "smaller then"


def test_a_traceback_that_a_script_prints_itself_begins_with_its_line(run: Run) -> None:
    ran = run("""
import traceback
try:
    json.loads("{")
except ValueError:
    traceback.print_exc()
""")

    assert ran.output.splitlines()[1] == '  File "script.py", line 4, in <module>'


def test_a_script_that_imports_what_is_not_there_is_told_its_name(run: Run) -> None:
    ran = run("import pandas_of_nobody")

    assert ran.error.endswith("ModuleNotFoundError: No module named 'pandas_of_nobody'")
    assert "frozen" not in ran.error
