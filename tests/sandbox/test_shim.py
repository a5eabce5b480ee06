"""Plain requests, urllib and http.client in a script, without a socket in its process."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Told

from chalicelib.gateways import http
from chalicelib.sandbox.calls import http_handler
from chalicelib.sandbox.warming import modules_to_load
from tests.gateways.authority import authority_for
from tests.loopback import serving, talking
from tests.sandbox.conftest import Bench
from tests.sandbox.ran import Ran

Run = Callable[..., Ran]
OTHERS = "https://secure.example"

#: Nobody is answered at `/together` before four are there.
MEETING = threading.Barrier(4, timeout=20)
WAITS: dict[str, Callable[[], object]] = {
    "/together": MEETING.wait,
    "/slow": lambda: time.sleep(0.3),
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(_page) as origin:
        yield origin


@Asked.application
def _page(asked: Asked) -> Told:
    if asked.path == "/echo":
        seen = {
            "method": asked.method,
            "query": asked.args.to_dict(),
            "headers": {name.lower(): value for name, value in asked.headers},
            "size": len(body := asked.get_data()),
            "body": body[:200].decode("utf-8", "replace"),
        }
        return Told(json.dumps(seen), content_type="application/json")
    if asked.path == "/to":
        return Told(
            "moved", status=int(asked.args["status"]), headers={"Location": asked.args["url"]}
        )
    if asked.path == "/cookie":
        answer = Told("set")
        answer.set_cookie("session", "abc")
        answer.set_cookie("theme", "dark")
        return answer
    if asked.path == "/big":
        return Told(b"0123456789" * 300_000)
    if asked.path == "/gbk":
        return Told("中文".encode("gbk"), content_type="text/html; charset=gbk")
    if asked.path == "/table.csv":
        return Told("城市,销售额\n上海,12\n北京,30\n")
    if wait := WAITS.get(asked.path):
        wait()
        return Told("at last")
    return Told("no such page", status=404)


@pytest.fixture
def run(bench: Bench, site: str) -> Run:
    """Runs a script whose requests are really sent; `site` is among its names."""

    def fetch(request: http.Request, seconds: float) -> http.Response:
        return http.fetch(request, allow=[f"{site}/"], timeout_seconds=seconds)

    bench.answer = http_handler(fetch)
    return lambda code, **more: bench.run(f"site = {site!r}\n{code}", **more)


def test_requests_gets_and_posts(run: Run) -> None:
    ran = run("""
import requests
got = requests.get(site + "/echo", params={"q": "值"}, headers={"X-Key": "1"}).json()
sent = requests.post(site + "/echo", json={"k": "值"})
form = requests.put(site + "/echo", data={"a": "b c"}).json()
result = [got["method"], got["query"], got["headers"]["x-key"], sent.status_code,
          sent.json()["body"], form["method"], form["body"], requests.get(site + "/none").ok]
""")

    assert ran.result == [
        "GET", {"q": "值"}, "1", 200, '{"k": "\\u503c"}', "PUT", "a=b+c", False,
    ]  # fmt: skip


def test_a_session_keeps_cookies_and_headers(run: Run) -> None:
    ran = run("""
import requests
with requests.Session() as session:
    session.headers["X-Team"] = "data"
    session.get(site + "/cookie")
    headers = session.get(site + "/echo").json()["headers"]
result = [headers["x-team"], sorted(headers["cookie"].split("; "))]
""")

    assert ran.result == ["data", ["session=abc", "theme=dark"]]


def test_the_library_follows_redirects_itself(run: Run) -> None:
    ran = run("""
import requests
found = requests.post(site + "/to?status=302&url=/echo", data="x")
kept = requests.post(site + "/to?status=307&url=/echo", data="x").json()
stays = requests.get(site + "/to?status=301&url=/echo", allow_redirects=False)
result = [found.json()["method"], [one.status_code for one in found.history], kept["method"],
          kept["body"], stays.status_code, stays.headers["Location"], stays.text]
""")

    assert ran.result == ["GET", [302], "POST", "x", 301, "/echo", "moved"]


@pytest.mark.parametrize(
    "ask",
    [
        "import requests; requests.get(url)",
        "import requests; requests.Session().head(url, allow_redirects=True)",
    ],
)
@pytest.mark.parametrize("hop", ["", "{site}/to?status=302&url="])
def test_every_hop_meets_the_egress_rule(run: Run, site: str, ask: str, hop: str) -> None:
    inside = "http://169.254.169.254/latest/meta-data"
    ran = run(f"url = {hop.format(site=site) + inside!r}\n{ask}")

    assert ran.kind == "script"
    assert "requests.exceptions.ConnectionError" in ran.error
    assert "169.254.169.254 is not on the public internet" in ran.error
    assert "不允许访问内网" in ran.error


def test_uploads_in_chunks_and_streamed_answers(run: Run) -> None:
    ran = run("""
import requests
def pieces():
    for number in range(300):
        yield b"0\\r\\n\\r\\n" + bytes(10_000)
sent = requests.post(site + "/echo", data=pieces()).json()
with requests.get(site + "/big", stream=True) as answer:
    sizes = [len(piece) for piece in answer.iter_content(1_000_000)]
lines = requests.get(site + "/table.csv", stream=True).iter_lines(decode_unicode=True)
result = [sent["size"], sizes, list(lines)[1:]]
""")

    assert ran.result == [300 * 10_005, [1_000_000] * 3, ["上海,12", "北京,30"]]


def test_bodies_of_three_megabytes_go_both_ways(run: Run) -> None:
    ran = run("""
import requests
body = bytes(3_000_000)
result = [requests.post(site + "/echo", data=body).json()["size"],
          len(requests.get(site + "/big").content)]
""")

    assert ran.result == [3_000_000, 3_000_000]


def test_a_body_that_is_too_large_says_so(run: Run) -> None:
    ran = run("import requests\nrequests.post(site + '/echo', data=bytes(6_000_000))")

    assert "请求体超过 5 MB" in ran.error


def test_urllib_and_http_client(run: Run) -> None:
    ran = run("""
import http.client, urllib.error, urllib.request
from urllib.parse import urlsplit
with urllib.request.urlopen(site + "/echo", data=b"a=1", timeout=3) as answer:
    posted = json.load(answer)["body"]
moved = urllib.request.urlopen(site + "/to?status=302&url=/table.csv").read().decode()
try:
    urllib.request.urlopen(site + "/none")
except urllib.error.HTTPError as error:
    missing = error.code, error.read().decode()
connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=3)
twice = []
for number in range(2):
    connection.request("GET", f"/echo?n={number}")
    twice.append(json.loads(connection.getresponse().read())["query"]["n"])
connection.request("HEAD", "/big")
head = connection.getresponse()
result = [posted, moved[:2], missing, twice, head.getheader("Content-Length"), head.read() == b""]
""")

    assert ran.result == ["a=1", "城市", [404, "no such page"], ["0", "1"], "3000000", True]


def test_what_pandas_does_with_a_url(run: Run) -> None:
    """`read_csv` opens it with urllib and wraps the answer."""
    ran = run("""
import csv, io, urllib.request
request = urllib.request.Request(site + "/table.csv")
with urllib.request.urlopen(request) as answer:
    rows = list(csv.DictReader(io.TextIOWrapper(io.BytesIO(answer.read()), "utf-8")))
result = sum(int(row["销售额"]) for row in rows)
""")

    assert ran.result == 42


def test_the_charset_of_a_page_is_the_librarys_work(run: Run) -> None:
    assert run("import requests\nresult = requests.get(site + '/gbk').text").result == "中文"


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        ("requests.get(url, timeout=0.2)", "requests.exceptions.ReadTimeout"),
        ("requests.get(url, timeout=(3, 0.2))", "requests.exceptions.ReadTimeout"),
        ("urllib.request.urlopen(url, timeout=0.2).read()", "TimeoutError"),
    ],
)
def test_a_silent_server_is_the_librarys_own_timeout(bench: Bench, ask: str, error: str) -> None:
    over = threading.Event()

    def be_silent(connection: socket.socket) -> None:
        over.wait(5)

    with talking(be_silent) as port:
        allow = [f"http://127.0.0.1:{port}/"]
        bench.answer = http_handler(
            lambda request, seconds: http.fetch(request, allow=allow, timeout_seconds=seconds)
        )
        ran = bench.run(f"import requests, urllib.request\nurl = {allow[0]!r}\n{ask}")
        over.set()

    assert error in ran.error
    assert 0.2 < ran.seconds < 2


def test_an_answer_may_take_longer_than_the_timeout_if_it_never_pauses_so_long(run: Run) -> None:
    assert run("import requests\nresult = requests.get(site + '/slow', timeout=2).text").result


def test_failures_are_those_that_libraries_have_names_for(run: Run) -> None:
    ran = run("""
import requests, urllib.error, urllib.request
caught = []
for url in ("http://no-such-name.invalid/", "http://127.0.0.1:9/", "ftp://127.0.0.1/"):
    for ask in (requests.get, urllib.request.urlopen):
        try:
            ask(url)
        except (requests.ConnectionError, requests.exceptions.InvalidSchema,
                urllib.error.URLError) as error:
            caught.append(type(error).__name__)
result = caught
""")

    assert ran.result == [
        "ConnectionError", "URLError", "ConnectionError", "URLError", "InvalidSchema", "URLError",
    ]  # fmt: skip


def test_the_platform_does_tls_and_judges_the_certificate(bench: Bench, tmp_path: Path) -> None:
    authority = authority_for("secure.example", tmp_path)
    known = http.Network(_on_loopback, str(authority.trusted))

    def talk(connection: socket.socket) -> None:
        with authority.context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

    asks = {
        "requests.get(url).text": "secret",
        "urllib.request.urlopen(url).read().decode()": "secret",
        "requests.get(url, verify=False).text": "secret",
    }
    for ask, expected in asks.items():
        with talking(talk) as port:
            bench.answer = _fetching(f"{OTHERS}:{port}/", known)
            ran = bench.run(
                f"import requests, urllib.request\nurl = '{OTHERS}:{port}/'\nresult = {ask}"
            )
        assert ran.result == expected


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        ("requests.get(url)", "requests.exceptions.SSLError"),
        ("requests.get(url, verify=False)", "requests.exceptions.SSLError"),
        ("urllib.request.urlopen(url)", "urllib.error.URLError"),
    ],
)
def test_a_certificate_that_nobody_vouches_for_is_refused(
    bench: Bench, tmp_path: Path, ask: str, error: str
) -> None:
    authority = authority_for("secure.example", tmp_path)

    def talk(connection: socket.socket) -> None:
        try:
            authority.context.wrap_socket(connection, server_side=True).close()
        except ssl.SSLError:
            return

    with talking(talk) as port:
        bench.answer = _fetching(f"{OTHERS}:{port}/", http.Network(_on_loopback))
        ran = bench.run(f"import requests, urllib.request\nurl = '{OTHERS}:{port}/'\n{ask}")

    assert error in ran.error
    assert "certificate" in ran.error


def _on_loopback(host: str, port: int, type: int) -> list[tuple[Any, ...]]:
    return [(socket.AF_INET, type, 6, "", ("127.0.0.1", port))]


def _fetching(allow: str, network: http.Network) -> Any:
    return http_handler(
        lambda request, seconds: http.fetch(
            request, allow=[allow], timeout_seconds=seconds, network=network
        )
    )


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.socket(socket.AF_UNIX)",
        "import socket; socket.getaddrinfo('example.com', 80)",
        "import socket; socket.gethostbyname('example.com')",
        "import asyncio; asyncio.run(asyncio.open_connection('example.com', 80))",
        "import smtplib; smtplib.SMTP('example.com', 25)",
        "import socket; socket.create_connection(('example.com', 6379)).sendall(b'PING\\r\\n')",
        "import socket; socket.create_connection(('example.com', 22)).recv(100)",
        "import ftplib; ftplib.FTP('example.com')",
    ],
)
def test_what_needs_a_socket_says_what_to_use(run: Run, code: str) -> None:
    ran = run(code)

    assert ran.kind == "script"
    assert "requests" in ran.error
    assert "http_get" in ran.error


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ("requests.get(site, proxies={'http': 'http://proxy.example:8080'})", "proxies"),
        ("requests.get('https://x.example', cert='/dev/null')", "cert"),
        ("requests.get(site + '/echo', headers={'Host': 'other.example'})", "Host"),
    ],
)
def test_what_cannot_be_had_is_told(run: Run, ask: str, words: str) -> None:
    ran = run(f"import requests\n{ask}")

    assert ran.kind == "script"
    assert "沙箱" in ran.error or "请求头" in ran.error
    assert words in ran.error


def test_requests_of_several_threads_overlap(run: Run) -> None:
    ran = run("""
import requests
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    result = list(pool.map(lambda _: requests.get(site + "/together").text, range(4)))
""")

    assert ran.result == ["at last"] * 4


def test_a_call_that_an_alarm_broke_off_does_not_spoil_the_next(run: Run) -> None:
    ran = run("""
import requests, signal
def ring(*_):
    raise InterruptedError("enough")
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    requests.get(site + "/slow")
except (InterruptedError, requests.ConnectionError):
    pass
result = requests.get(site + "/table.csv").text[:2]
""")

    assert ran.result == "城市"


def test_what_a_script_imports_is_there_for_the_next_at_once(run: Run) -> None:
    run("import requests, sqlite3")

    assert run("import sys\nresult = {'requests', 'sqlite3'} <= sys.modules.keys()").result


@pytest.mark.parametrize(
    ("script", "modules"),
    [
        ("import requests", ["requests"]),
        ("if x:\n    from urllib.request import urlopen\n", ["urllib.request"]),
        ("from requests.adapters import HTTPAdapter", ["requests"]),
        ("import os, sqlite3, csv", ["sqlite3"]),
        ("from dataclasses import dataclass", ["dataclasses"]),
        ("# import requests\nprint('import asyncio')", []),
        ("import os; import requests", []),
        ("import my_module", []),
    ],
)
def test_a_zygote_loads_what_a_script_names_and_the_platform_knows(
    script: str, modules: list[str]
) -> None:
    assert modules_to_load(script) == modules
