"""What a script has, and what comes of it, in real processes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.sandbox.ran import Ran

Run = Callable[..., Ran]


def test_a_script_has_the_names_of_the_document_without_import(run: Run) -> None:
    ran = run(
        """
log(f"task {task_id} of {tenant_id}, {trace_id}")
print("a", "b", sep="-", end="!\\n")
parsed = datetime.strptime("2026-01-02", "%Y-%m-%d") + timedelta(days=1)
result = {
    "day": parsed.strftime("%Y年%m月%d日"),
    "today": date.today().isoformat() == datetime.now().date().isoformat(),
    "json": json.loads("[1]"),
    "re": re.search("b+", "abbc").group(),
    "math": math.ceil(1.5),
    "random": random.randint(3, 3),
    "md5": hashlib.md5(b"").hexdigest()[:4],
    "b64": base64.b64encode(b"x").decode(),
    "param": [get_param("prompt", "?"), get_param("none", "默认"), get_params()],
    "time": time.time() > 0,
}
""",
        params={"prompt": "你好"},
        task_id=7,
        tenant_id="acme",
        trace_id="trace-1",
    )

    assert ran.result == {
        "day": "2026年01月03日",
        "today": True,
        "json": [1],
        "re": "bb",
        "math": 2,
        "random": 3,
        "md5": "d41d",
        "b64": "eA==",
        "param": ["你好", "默认", {"prompt": "你好"}],
        "time": True,
    }
    first, second = ran.output.splitlines()
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] task 7 of acme, trace-1", first)
    assert second == "a-b!"


def test_standard_modules_can_be_imported(run: Run) -> None:
    assert run("import sqlite3, difflib, datetime\nresult = str(datetime.date.min)").result


@pytest.mark.parametrize(("zone", "offset"), [("Asia/Shanghai", 8), ("Asia/Kolkata", 5.5)])
def test_local_time_is_that_of_the_task(run: Run, zone: str, offset: float) -> None:
    code = "result = datetime.now().astimezone().utcoffset().total_seconds() / 3600"

    assert run(code, timezone=zone).result == offset


def test_an_unknown_zone_stops_the_run_rather_than_telling_a_wrong_time(run: Run) -> None:
    assert run("result = 1", timezone="Mars/Olympus").kind == "crash"


def test_two_runs_draw_different_random_numbers(run: Run) -> None:
    assert len({run("result = random.random()").result for _ in range(3)}) == 3


def test_an_error_shows_the_lines_of_the_script_and_no_others(run: Run) -> None:
    ran = run('def parse(text):\n    return json.loads(text)\n\nparse("{")\n')

    assert ran.kind == "script"
    assert 'File "script.py", line 4, in <module>' in ran.error
    assert "return json.loads(text)" in ran.error
    assert "JSONDecodeError: Expecting property name" in ran.error
    assert "decoder.py" not in ran.error
    assert "sandbox_runner" not in ran.error


def test_the_cause_of_an_error_is_shown_too(run: Run) -> None:
    ran = run("try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError('出错') from e")

    assert "ZeroDivisionError" in ran.error
    assert ran.error.endswith("ValueError: 出错")


def test_a_syntax_error_names_the_line(run: Run) -> None:
    ran = run("x = 1\ny = (")

    assert ran.kind == "script"
    assert 'File "script.py", line 2' in ran.error
    assert "SyntaxError" in ran.error


@pytest.mark.parametrize("ending", ["exit()", "import sys; sys.exit(0)", "raise SystemExit"])
def test_leaving_early_is_an_ordinary_end(run: Run, ending: str) -> None:
    assert run(f"result = 5\n{ending}\nresult = 6").result == 5


@pytest.mark.parametrize("ending", ["exit(2)", "exit('数据缺失')"])
def test_leaving_with_a_status_is_a_failure(run: Run, ending: str) -> None:
    ran = run(ending)

    assert ran.kind == "script"
    assert ran.error.splitlines()[-1].startswith("SystemExit: ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{'when': [date.today()]}", "result['when'][0] 是 date"),
        ("{'x': float('nan')}", "result['x'] nan"),
        ("'\\ud800'", "残缺的 Unicode"),
        ("{(1, 2): 3}", "键"),
        ("10 ** 5000", "数字太大"),
        ("'x' * 1_000_001", "1000003 字节"),
    ],
)
def test_a_result_that_is_no_json_says_what_to_change(run: Run, value: str, words: str) -> None:
    ran = run(f"result = {value}")

    assert ran.kind == "result"
    assert words in ran.error


def test_a_result_that_contains_itself_is_refused(run: Run) -> None:
    assert run("result = []\nresult.append(result)").kind == "result"


def test_endless_recursion_is_the_scripts_error(run: Run) -> None:
    ran = run("def f(): f()\nf()")

    assert ran.kind == "script"
    assert "RecursionError" in ran.error


def test_print_writes_at_once_and_stderr_goes_to_the_log(run: Run) -> None:
    ran = run(
        "import logging, os, sys\nprint('a', end='')\nlogging.warning('b')\n"
        "sys.stdout.write('c')\nos._exit(1)"
    )

    assert ran.output == "aWARNING:root:b\nc"


def test_a_script_runs_threads(run: Run) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    result = list(pool.map(lambda n: http_post("http://x/", data=str(n)).text, range(8)))
"""
    assert run(code).result == [str(number) for number in range(8)]


def test_a_response_has_what_scripts_look_for(run: Run) -> None:
    ran = run("""
r = http_post("http://x/?a=1", json={"k": "值"}, headers={"X-Key": "1"})
r.raise_for_status()
result = [r.status_code, r.ok, r.json(), r.headers["X-METHOD"], r.headers["X-Sent"], r.url,
          http_get("http://x/?a=1", params={"b": "好"}).url,
          http_post("http://x/", data={"a": "b c"}).text]
""")

    sent = "{'X-Key': '1', 'Content-Type': 'application/json'}"
    assert ran.result == [
        200, True, {"k": "值"}, "POST", sent, "http://x/?a=1", "http://x/?a=1&b=%E5%A5%BD", "a=b+c",
    ]  # fmt: skip
