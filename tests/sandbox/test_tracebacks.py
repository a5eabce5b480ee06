"""What an author is told of an error: the lines of the script, and nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.sandbox.ran import Ran

Run = Callable[..., Ran]


def _told(*lines: str) -> str:
    return "\n".join(["Traceback (most recent call last):", *lines])


def _without_marks(text: str) -> str:
    """Versions of Python underline differently."""
    return "\n".join(line for line in text.splitlines() if line.strip(" ~^"))


def test_an_error_in_nested_functions_shows_each_line_of_the_script(author: Run) -> None:
    ran = author("""
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


def test_an_error_below_an_sdk_function_is_that_of_the_line_that_called_it(author: Run) -> None:
    ran = author("url = 'http://x/'\nhttp_get(url, headers=3)")

    assert _without_marks(ran.error).startswith(
        _told('  File "script.py", line 2, in <module>', "    http_get(url, headers=3)")
    )
    assert "web.py" not in ran.error


def test_chained_errors_are_told_in_their_order(author: Run) -> None:
    ran = author("""
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


def test_what_a_library_tried_inside_is_left_out(author: Run) -> None:
    ran = author("import decimal, fractions\nfractions.Fraction('abc')\n")

    assert _without_marks(ran.error) == _told(
        '  File "script.py", line 2, in <module>',
        "    fractions.Fraction('abc')",
        "ValueError: Invalid literal for Fraction: 'abc'",
    )


def test_an_exception_group_shows_its_members(author: Run) -> None:
    ran = author("""
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


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("exec('x = = 1')", ['  File "script.py", line 1, in <module>', '  File "<string>"']),
        ("compile('x = (', 'rule.py', 'exec')", ['  File "script.py", line 1', '"rule.py"']),
        ("exec('1/0')", ['  File "script.py", line 1', '  File "<string>", line 1']),
        ("eval('名称')", ["NameError: name '名称' is not defined"]),
    ],
)
def test_errors_in_code_that_is_made_at_run_time(author: Run, code: str, lines: list[str]) -> None:
    ran = author(code)

    assert ran.kind == "script"
    assert all(line in ran.error for line in lines), ran.error


def test_full_width_punctuation_is_pointed_at(author: Run) -> None:
    ran = author("x = 1\nprint(x\uff0c2)")

    assert "line 2" in ran.error
    assert "U+FF0C" in ran.error


def test_deep_recursion_is_an_error_that_can_be_caught(author: Run) -> None:
    ran = author("""
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


def test_memory_that_is_not_there_is_an_error_with_its_line(author: Run) -> None:
    ran = author("rows = []\nwhile True:\n    rows.append(bytes(10_000_000))")

    assert ran.kind == "memory"
    assert "line 3" in ran.error
    assert "MemoryError" in ran.error
    assert "分批" in ran.error


def test_memory_that_is_not_there_can_be_done_without(author: Run) -> None:
    code = "try:\n    x = bytes(10 ** 9)\nexcept MemoryError:\n    result = 'smaller then'"

    assert author(code).result == "smaller then"


@pytest.mark.parametrize(
    "tell",
    [
        "traceback.print_exc()",
        "print(traceback.format_exc(), end='')",
        "print(*traceback.format_exception(error), sep='', end='')",
        "traceback.print_exception(error, file=sys.stdout)",
        "traceback.print_exception(type(error), error, error.__traceback__)",
        "traceback.TracebackException.from_exception(error).print()",
        "sys.excepthook(*sys.exc_info())",
    ],
)
def test_a_traceback_that_a_script_prints_has_its_lines_alone(author: Run, tell: str) -> None:
    ran = author(f"""
import sys, traceback
def load(city):
    return http_get("http://nowhere/" + city)
try:
    load("a")
except OSError as error:
    {tell}
result = 1
""")

    assert _without_marks(ran.output) == _told(
        '  File "script.py", line 6, in <module>',
        '    load("a")',
        '  File "script.py", line 4, in load',
        '    return http_get("http://nowhere/" + city)',
        "HttpError: 域名不存在",
        "no such host",
    )


@pytest.mark.parametrize(
    "tell", ["logging.exception('失败')", "logging.error('失败', exc_info=True)"]
)
def test_a_logged_error_has_the_lines_of_the_script_alone(author: Run, tell: str) -> None:
    ran = author(f"""
import logging
try:
    http_get("http://nowhere/")
except HttpError:
    {tell}
""")

    assert _without_marks(ran.output) == "ERROR:root:失败\n" + _told(
        '  File "script.py", line 4, in <module>',
        '    http_get("http://nowhere/")',
        "HttpError: 域名不存在",
        "no such host",
    )


def test_what_a_library_raised_keeps_the_librarys_lines(author: Run) -> None:
    """As in any Python; but where it comes to the sandbox, nothing of that is shown."""
    ran = author("""
import requests, traceback
try:
    json.loads("{")
except ValueError:
    traceback.print_exc()
try:
    requests.get("http://nowhere/")
except requests.ConnectionError:
    traceback.print_exc()
""")

    assert ran.output.splitlines()[1] == '  File "script.py", line 4, in <module>'
    assert "decoder.py" in ran.output
    assert 'File "script.py", line 8, in <module>' in ran.output
    assert "urllib3" in ran.output
    assert "sandbox_runner" not in ran.output


@pytest.mark.parametrize(
    "tell",
    [
        "traceback.print_stack()",
        "print(''.join(traceback.format_list(traceback.extract_stack())))",
        "import logging; logging.error('here', stack_info=True)",
    ],
)
def test_a_stack_begins_with_the_script(author: Run, tell: str) -> None:
    ran = author(f"import traceback\ndef work():\n    {tell}\nwork()")

    assert re.findall(r'File "(.*?)", line (\d+)', ran.output) == [
        ("script.py", "4"), ("script.py", "3"),
    ]  # fmt: skip


def test_errors_that_follow_from_an_sdk_error_are_chained_without_ours(author: Run) -> None:
    ran = author("""
import traceback
def load():
    try:
        http_get("http://nowhere/")
    except OSError as error:
        raise RuntimeError("没有数据") from error
try:
    load()
except RuntimeError:
    traceback.print_exc()
try:
    http_get("http://nowhere/")
except OSError:
    {}["x"]
""")

    for text in (ran.output, ran.error):
        assert "sandbox_runner" not in text
    assert re.findall(r'File "(.*?)", line (\d+)', ran.output) == [
        ("script.py", "5"), ("script.py", "9"), ("script.py", "7"),
    ]  # fmt: skip
    assert "direct cause" in ran.output
    assert re.findall(r'File "(.*?)", line (\d+)', ran.error) == [
        ("script.py", "13"), ("script.py", "15"),
    ]  # fmt: skip


def test_an_error_that_python_cannot_raise_is_told_as_the_scripts(author: Run) -> None:
    ran = author("""
class Page:
    def __del__(self):
        http_get("http://nowhere/")
Page()
""")

    assert ran.outcome.status == "success"
    assert ran.output.startswith("Exception ignored in: <function Page.__del__ at ")
    assert _without_marks(ran.output.partition("\n")[2]) == _told(
        '  File "script.py", line 4, in __del__',
        '    http_get("http://nowhere/")',
        "HttpError: 域名不存在",
        "no such host",
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("http_get()", "http_get"),
        ("http_post('http://x/', foo=1)", "http_post"),
        ("log()", "log"),
        ("get_param()", "get_param"),
        ("print('x', foo=1)", "print"),
    ],
)
def test_a_wrong_call_is_told_by_the_functions_own_name(author: Run, code: str, name: str) -> None:
    ran = author(code)

    assert ran.error.splitlines()[-1].startswith(f"TypeError: {name}() ")


def test_an_error_of_the_platform_has_a_bare_name(author: Run) -> None:
    ran = author("raise CallFailed('x')")

    assert ran.error.endswith("\nCallFailed: x")


def test_a_script_that_imports_what_is_not_there_is_told_its_name(author: Run) -> None:
    ran = author("import pandas_of_nobody")

    assert ran.error.endswith("ModuleNotFoundError: No module named 'pandas_of_nobody'")
    assert "frozen" not in ran.error
