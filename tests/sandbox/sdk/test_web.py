"""`http_get` and `http_post` beside the real `requests`, which asks the same server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Told

from chalicelib.gateways import http
from chalicelib.sandbox.calls import http_handler
from tests.loopback import serving
from tests.sandbox.conftest import Bench, Ran

Run = Callable[[str], Ran]

TEXTS: dict[str, tuple[bytes, str]] = {
    "/json": ('{"城市": ["上海", 1.5, null]}'.encode(), "application/json"),
    "/json-gbk": ('{"城市": 1}'.encode("gbk"), "application/json; charset=GBK"),
    "/json-bom": (b'\xef\xbb\xbf{"a": 1}', "application/json"),
    "/html": ("<p>中文</p>".encode(), "text/html; charset=utf-8"),
    "/quoted": ("中文".encode("gbk"), 'text/html; charset="gb2312"'),
    "/shouted": ("中文".encode("big5"), "Text/HTML; level=1; Charset=Big5"),
    "/unknown": ("中文".encode(), "text/plain; charset=klingon"),
    "/broken": (b"\xff\xfea\xff", "text/plain; charset=utf-8"),
    "/binary": (bytes(range(256)), "application/octet-stream"),
    "/empty": (b"", "text/plain; charset=utf-8"),
}


@Asked.application
def _page(asked: Asked) -> Told:
    if asked.path in TEXTS:
        body, content_type = TEXTS[asked.path]
        return Told(body, content_type=content_type)
    if asked.path.startswith("/status/"):
        return Told("why", status=int(asked.path.rpartition("/")[2]))
    if asked.path == "/to":
        return Told("", status=int(asked.args["status"]), headers={"Location": "/echo?a=1"})
    if asked.path == "/headers":
        headers = [("X-One", "1"), ("X-Many", "a"), ("X-Many", "b")]
        return Told("x", headers=headers)
    # What the libraries themselves add may differ.
    own = ("host", "user-agent", "accept", "accept-encoding", "connection")
    seen = {
        "method": asked.method,
        "query": asked.query_string.decode(),
        "path": asked.path,
        "headers": {n.lower(): v for n, v in asked.headers if n.lower() not in own},
        "body": asked.get_data().decode(),
    }
    return Told(json.dumps(seen), content_type="application/json")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(_page) as origin:
        yield origin


@pytest.fixture
def run(bench: Bench, site: str) -> Run:
    """Runs a script whose requests are really sent; `site` is among its names."""

    def fetch(request: http.Request, seconds: float) -> http.Response:
        return http.fetch(request, allow=[f"{site}/"], timeout_seconds=seconds)

    bench.answer = http_handler(fetch)
    return lambda code: bench.run(f"site = {site!r}\n{code}")


SEEN = """
def said(what):
    try:
        return what()
    except Exception as error:
        return [isinstance(error, ValueError), isinstance(error, OSError)]

def seen(r):
    return {
        'status': [r.status_code, r.reason, r.ok, bool(r), r.url],
        'headers': [r.headers.get('content-TYPE'), r.headers.get('X-None')],
        'length': 'CONTENT-LENGTH' in r.headers,
        'text': r.text,
        'content': r.content.hex(),
        'json': said(r.json),
        'fails': said(r.raise_for_status),
    }
"""


def as_requests_has_it(code: str, site: str) -> Any:
    """What the same lines give where `http_get` is `requests.get`."""
    names: dict[str, Any] = {"http_get": requests.get, "http_post": requests.post, "site": site}
    exec(code, names)
    return names["result"]


@pytest.mark.parametrize(
    "path", [*TEXTS, "/status/200", "/status/204", "/status/304", "/status/404", "/status/503"]
)
def test_a_response_is_as_that_of_requests(run: Run, site: str, path: str) -> None:
    code = f"{SEEN}\nresult = seen(http_get(site + {path!r}))"
    expected = as_requests_has_it(code, site)
    found = run(code).result

    if path in ("/unknown", "/binary"):  # a guess each; ours knows UTF-8 and GB 18030
        del expected["text"], found["text"]
    if path == "/json-bom":  # `requests` leaves the mark in the text
        expected["text"] = expected["text"].removeprefix("\ufeff")
    assert found == expected


REQUESTS = [
    "http_get(site + '/echo')",
    "http_get(site + '/echo', params={'q': '值 &', 'n': 1, 'none': None, 'l': ['a', None, 2]})",
    "http_get(site + '/echo?a=1#part', params=[('b', '2'), ('b', '3')])",
    "http_get(site + '/echo', params='a=1&b=%20')",
    "http_get(site + '/echo', params=b'a=1')",
    "http_get(site + '/echo', params={})",
    "http_get(site + '/echo', params={'a': None})",
    "http_get(site + '/城市/a b?x=上 海')",
    "http_get('  ' + site + '/echo')",
    "http_get(site + '/echo', headers={'X-A': 'b', 'X-B': b'c', 'X-None': None})",
    "http_post(site + '/echo')",
    "http_post(site + '/echo', data={'a': 'b c', 'l': [1, 2], 'none': None, '城': '市'})",
    "http_post(site + '/echo', data=[('a', '1'), ('a', '2')])",
    "http_post(site + '/echo', data='文本')",
    "http_post(site + '/echo', data=b'bytes')",
    "http_post(site + '/echo', 'text')",
    "http_post(site + '/echo', {'form': 1})",
    "http_post(site + '/echo', json={'城': [1, None]})",
    "http_post(site + '/echo', json=[])",
    "http_post(site + '/echo', json=0)",
    "http_post(site + '/echo', json='x', headers={'content-type': 'application/vnd.x+json'})",
    "http_post(site + '/echo', data={'a': 1}, json={'b': 2})",
    "http_post(site + '/echo', data={}, json={'b': 2})",
    "http_post(site + '/echo', data=__import__('io').BytesIO(b'file'))",
    "http_get(site + '/to?status=301')",
    "http_post(site + '/to?status=302', data='x')",
    "http_post(site + '/to?status=303', data={'a': 1})",
    "http_post(site + '/to?status=307', data='x')",
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_arrives_as_that_of_requests(run: Run, site: str, request_: str) -> None:
    code = f"r = {request_}\nresult = [r.json(), r.url.partition('#')[0]]"

    assert run(code).result == as_requests_has_it(code, site)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ("http_post(site, json={'a': float('nan')})", "ValueError"),
        ("http_post(site, json={1, 2})", "TypeError"),
        ("http_post(site, data=5)", "TypeError: data 须为"),
        ("http_get(None)", "TypeError: url 须为文本"),
        ("http_get(5)", "TypeError: url 须为文本"),
        ("http_get('example.com/x')", "HttpError: "),
        ("http_get(site, headers={'X': '中文'})", "HttpError: 请求方法或请求头含有不允许的字符"),
        ("http_get('http://169.254.169.254/')", "HttpError: 不允许访问内网或本机地址"),
        ("http_get(site + '/html').json()", "HttpError: 响应不是 JSON(text/html; charset=utf-8)"),
        ("http_get(site + '/status/404').raise_for_status()", "HttpError: 404 Client Error: NOT"),
    ],
)
def test_an_error_says_what_is_wrong(run: Run, request_: str, error: str) -> None:
    ran = run(request_)

    assert ran.kind == "script"
    assert f"\n{error}" in ran.error


def test_an_error_carries_its_kind_and_response(run: Run) -> None:
    ran = run("""
result = []
for ask in (lambda: http_get(site + '/status/500').raise_for_status(),
            lambda: http_get(site + '/html').json(),
            lambda: http_get('http://127.0.0.1/')):
    try:
        ask()
    except HttpError as error:
        status = error.response.status_code if error.response is not None else None
        result.append([error.kind, status])
""")

    assert ran.result == [["status", 500], ["json", 200], ["refused", None]]


def test_text_without_a_charset_is_read_as_it_looks(run: Run, bench: Bench) -> None:
    """Where `requests` takes it for ISO-8859-1."""
    told = {
        "utf8": ("中文".encode(), "text/html"),
        "gbk": ("中文页面".encode("gbk"), "text/html"),
        "none": ("中文".encode(), None),
        "bom": (b"\xef\xbb\xbfa,b", "text/csv"),
    }

    @Asked.application
    def page(asked: Asked) -> Told:
        body, content_type = told[asked.path.strip("/")]
        answer = Told(body)
        answer.headers.pop("Content-Type")
        if content_type:
            answer.headers["Content-Type"] = content_type
        return answer

    with serving(page) as origin:

        def fetch(request: http.Request, seconds: float) -> http.Response:
            return http.fetch(request, allow=[f"{origin}/"], timeout_seconds=seconds)

        bench.answer = http_handler(fetch)
        texts = run(f"result = [http_get('{origin}/' + name).text for name in {list(told)}]").result

    assert texts == ["中文", "中文页面", "中文", "a,b"]


def test_the_encoding_may_be_set_and_the_rest_is_there(run: Run) -> None:
    ran = run("""
r = http_get(site + '/binary')
r.encoding = 'latin-1'
many = http_get(site + '/headers').headers
result = [len(r.text), r.encoding, http_get(site + '/quoted').encoding, repr(r),
          many['x-many'], dict(many)['X-One'], r.elapsed > timedelta(0), r.elapsed < timedelta(1),
          http_get(site + '/json').json(parse_float=str)['城市'][1]]
""")

    assert ran.result == [
        256, "latin-1", "gb2312", "<HttpResponse [200]>", "a, b", "1", True, True, "1.5",
    ]  # fmt: skip
