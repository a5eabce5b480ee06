"""Threads and asyncio in a script, as an author expects; the jail has the latter alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.ran import Ran

Run = Callable[..., Ran]
kernel_only = pytest.mark.parametrize("author", ["kernel"], indirect=True)
jail_only = pytest.mark.parametrize("author", ["fd-jail"], indirect=True)

POOL = "from concurrent.futures import ThreadPoolExecutor\n"


def test_asyncio_runs_tasks_side_by_side(author: Run) -> None:
    ran = author("""
import asyncio

async def wait(number):
    await asyncio.sleep(0.05)
    return number

async def main():
    async with asyncio.timeout(3), asyncio.TaskGroup() as group:
        task = group.create_task(wait(1))
        pages = await asyncio.gather(*(wait(n) for n in range(20)))
        page = await asyncio.to_thread(lambda: http_get("http://x/").text)
    return sum(pages), page, task.result()

start = time.perf_counter()
result = [*asyncio.run(main()), *asyncio.run(main()), time.perf_counter() - start < 1]
""")

    assert ran.result == [190, "nothing", 1, 190, "nothing", 1, True]


def test_asyncio_stops_what_takes_too_long(author: Run) -> None:
    ran = author("""
import asyncio

async def main():
    caught = []
    try:
        await asyncio.wait_for(asyncio.sleep(9), 0.02)
    except TimeoutError as error:
        caught.append(type(error).__name__)
    try:
        async with asyncio.timeout(0.02):
            await asyncio.Event().wait()
    except TimeoutError:
        caught.append("again")
    task = asyncio.create_task(asyncio.sleep(9))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as error:
        return [*caught, type(error).__name__]

result = asyncio.run(main())
""")

    assert ran.result == ["TimeoutError", "again", "CancelledError"]
    assert ran.seconds < 2


def test_an_error_in_a_task_is_told_with_its_line(author: Run) -> None:
    ran = author("""
import asyncio

async def load(city):
    await asyncio.sleep(0)
    http_get("http://nowhere/" + city)

async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(load("上海"))
asyncio.run(main())
""")

    assert 'File "script.py", line 6, in load' in ran.error
    assert 'http_get("http://nowhere/" + city)' in ran.error
    assert "HttpError: 域名不存在" in ran.error
    assert "sandbox_runner" not in ran.error


def test_an_error_that_nobody_awaited_is_told_in_the_log(author: Run) -> None:
    ran = author("""
import asyncio

async def load():
    http_get("http://nowhere/")

async def main():
    task = asyncio.create_task(load())
    await asyncio.sleep(0.01)
asyncio.run(main())
""")

    assert ran.outcome.status == "success"
    assert ran.output.startswith("Task exception was never retrieved\n")
    assert 'File "script.py", line 5, in load' in ran.output
    assert "HttpError: 域名不存在" in ran.output
    assert "sandbox_runner" not in ran.output


@kernel_only
def test_threads_queues_and_pools(author: Run) -> None:
    ran = author(f"""
{POOL}
import queue, threading
from concurrent.futures import as_completed
done = queue.Queue()
threads = [threading.Thread(target=done.put, args=(n,)) for n in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with ThreadPoolExecutor() as pool:
    squares = sorted(f.result() for f in as_completed([pool.submit(pow, n, 2) for n in range(5)]))
result = [sorted(done.queue), squares]
""")

    assert ran.result == [[0, 1, 2, 3, 4], [0, 1, 4, 9, 16]]


@kernel_only
def test_an_error_in_a_thread_is_told_in_the_log(author: Run) -> None:
    ran = author("""
import threading
def work():
    http_get("http://nowhere/")
thread = threading.Thread(target=work, name="worker-1")
thread.start()
thread.join()
result = "done"
""")

    lines = [line for line in ran.output.splitlines() if line.strip(" ~^")]
    assert ran.result == "done"
    assert lines == [
        "Exception in thread worker-1:",
        "Traceback (most recent call last):",
        '  File "script.py", line 4, in work',
        '    http_get("http://nowhere/")',
        "HttpError: 域名不存在",
        "no such host",
    ]


@kernel_only
def test_an_error_in_a_pool_is_that_of_its_line(author: Run) -> None:
    ran = author(f"""{POOL}
def load(city):
    return http_get("http://nowhere/" + city).text
with ThreadPoolExecutor(2) as pool:
    print(list(pool.map(load, ["a", "b"])))
""")

    assert 'File "script.py", line 6, in <module>' in ran.error
    assert 'File "script.py", line 4, in load' in ran.error
    assert ran.error.count("File ") == 2


@kernel_only
def test_too_many_threads_are_refused_with_words_that_help(author: Run) -> None:
    ran = author("""
import threading
for _ in range(60):
    threading.Thread(target=time.sleep, args=(9,)).start()
""")

    assert "RuntimeError: 不能再启动线程" in ran.error
    assert "max_workers" in ran.error


@jail_only
@pytest.mark.parametrize(
    "code",
    [
        "import threading; threading.Thread(target=print).start()",
        f"{POOL}ThreadPoolExecutor().submit(print)",
    ],
)
def test_where_there_are_no_threads_it_says_so(author: Run, code: str) -> None:
    ran = author(code)

    assert ran.kind == "script"
    assert "有的环境不支持线程" in ran.error
