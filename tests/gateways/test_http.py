"""HTTP to addresses that users name."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response as Told

from chalicelib.gateways.http import HttpFailed, Network, Request, Response, fetch
from tests.gateways.authority import Authority, authority_for
from tests.loopback import serving, talking

SECRET = "s3cr3t-token"


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serving(_site) as origin:
        yield origin


@Asked.application
def _site(asked: Asked) -> Told:
    """Answers what it was asked, or what the path says."""
    if asked.path == "/echo":
        head = "".join(f"{name}: {value}\n" for name, value in asked.headers)
        line = f"{asked.method} {asked.full_path}\n{head}\n"
        return Told(line.encode() + asked.get_data(), headers={"X-Seen": "yes"})
    if asked.path == "/gzip":
        return Told(gzip.compress("压缩".encode()), headers={"Content-Encoding": "gzip"})
    if asked.path == "/deflate":
        return Told(zlib.compress(b"deflated"), headers={"Content-Encoding": "deflate"})
    if asked.path == "/bomb":
        return Told(gzip.compress(bytes(30_000_000)), headers={"Content-Encoding": "gzip"})
    if asked.path == "/broken":
        return Told(b"\x1f\x8bnot gzip", headers={"Content-Encoding": "gzip"})
    if asked.path == "/big":
        return Told(b"x" * 5000)
    if asked.path == "/to":
        return Told(status=int(asked.args["status"]), headers={"Location": asked.args["url"]})
    return Told("no such page", status=404)


def get(url: str, allow: Sequence[str] = (), seconds: float = 5, **more: Any) -> Response:
    return fetch(Request("GET", url), allow=allow, timeout_seconds=seconds, **more)


def failing(url: str, allow: Sequence[str] = (), seconds: float = 5, **more: Any) -> HttpFailed:
    with pytest.raises(HttpFailed) as caught:
        get(url, allow, seconds, **more)
    assert caught.value.text.zh
    return caught.value


def names(**addresses: Sequence[str]) -> Network:
    """A resolver that knows these names, written with `_` for `.`, and no other."""
    known = {name.replace("_", "."): found for name, found in addresses.items()}

    def resolve(host: str, port: int, type: int) -> list[tuple[Any, ...]]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, type, 6, "", (address, port)) for address in known[host]]

    return Network(resolve)


def test_a_request_arrives_with_method_query_headers_and_body(origin: str) -> None:
    sent = Request("POST", f"{origin}/echo?a=%2F", {"X-Mine": "1"}, "正文".encode())

    answer = fetch(sent, allow=[origin], timeout_seconds=5)

    assert answer.status == 200
    assert answer.reason == "OK"
    assert ("X-Seen", "yes") in answer.headers
    text = answer.body.decode()
    assert text.startswith("POST /echo?a=%2F\n")
    assert "X-Mine: 1\n" in text
    assert f"Host: {origin.removeprefix('http://')}\n" in text
    assert text.endswith("\n\n正文")
    assert answer.url == f"{origin}/echo?a=%2F"


def test_headers_that_frame_a_message_are_not_the_senders(origin: str) -> None:
    forged = {"Host": "evil.example", "content-length": "999", "Transfer-Encoding": "chunked"}

    answer = fetch(
        Request("POST", f"{origin}/echo", forged, b"x"), allow=[origin], timeout_seconds=5
    )

    assert b"evil" not in answer.body
    assert b"Content-Length: 1\n" in answer.body
    assert b"chunked" not in answer.body


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET / HTTP/1.1\r\nX: y\r\n", {}),
        ("GET", {"X": "a\r\nEvil: b"}),
        ("GET", {"X\r\nEvil": "b"}),
        ("GET", {"X": "中文"}),
    ],
)
def test_what_would_break_the_request_is_refused_unsent(
    origin: str, method: str, headers: dict[str, str]
) -> None:
    with pytest.raises(HttpFailed) as caught:
        fetch(Request(method, f"{origin}/echo", headers), allow=[origin], timeout_seconds=5)

    assert caught.value.kind == "protocol"
    assert not caught.value.sent


def test_an_error_status_is_an_answer(origin: str) -> None:
    assert get(f"{origin}/nothing", [origin]).status == 404


def test_proxies_of_the_environment_are_not_used(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert get(f"{origin}/echo", [origin]).status == 200


def test_loopback_is_refused_unless_the_allow_list_admits_it(origin: str) -> None:
    failure = failing("http://127.0.0.1:8080/")

    assert failure.kind == "refused"
    assert not failure.sent


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["10.0.0.1"], ["::ffff:169.254.169.254"]],
)
def test_a_name_is_refused_if_any_of_its_addresses_is_inside(addresses: list[str]) -> None:
    failure = failing("http://rebind.example/", network=names(rebind_example=addresses))

    assert failure.kind == "refused"
    assert not failure.sent


def test_the_address_that_was_checked_is_the_one_connected_to(origin: str) -> None:
    """A second look-up, as rebinding needs, never happens."""
    port = int(origin.rpartition(":")[2])
    asked = []

    def resolve(host: str, port: int, type: int) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, type, 6, "", ("127.0.0.1", port))]

    url = f"http://inbox.example:{port}/echo"
    answer = get(url, [f"http://inbox.example:{port}/"], network=Network(resolve))

    assert asked == ["inbox.example"]
    assert f"Host: inbox.example:{port}".encode() in answer.body


def test_a_name_without_an_address_is_a_dns_failure() -> None:
    failure = failing("http://nowhere.example/", network=names())

    assert (failure.kind, failure.sent) == ("dns", False)


def test_a_slow_resolver_is_left_behind() -> None:
    answer = threading.Event()

    def resolve(host: str, port: int, type: int) -> list[tuple[Any, ...]]:
        answer.wait(30)
        return []

    try:
        failure = failing("http://slow.example/", seconds=0.2, network=Network(resolve))
    finally:
        answer.set()

    assert (failure.kind, failure.sent) == ("timeout", False)


def test_nobody_listening_is_a_connect_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    failure = failing(f"http://127.0.0.1:{port}/", [f"http://127.0.0.1:{port}/"])

    assert (failure.kind, failure.sent) == ("connect", False)


def test_the_next_address_is_tried_when_one_does_not_connect(origin: str) -> None:
    port = int(origin.rpartition(":")[2])
    network = names(two_example=["127.0.0.2", "127.0.0.1"])

    answer = get(f"http://two.example:{port}/echo", [f"http://two.example:{port}"], network=network)

    assert answer.status == 200


def _drip_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def _drip_headers(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def _continue_forever(connection: socket.socket) -> None:
    connection.recv(65536)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


def _say_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.mark.parametrize("talk", [_drip_body, _drip_headers, _continue_forever, _say_nothing])
def test_a_peer_that_takes_its_time_cannot_outlive_the_deadline(talk: Any) -> None:
    with talking(talk) as port:
        start = time.monotonic()
        failure = failing(f"http://127.0.0.1:{port}/", [f"http://127.0.0.1:{port}/"], 0.4)

    assert (failure.kind, failure.sent) == ("timeout", True)
    assert time.monotonic() - start < 3


def test_a_peer_that_does_not_read_cannot_outlive_the_deadline() -> None:
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        done.wait(10)

    with talking(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        large = Request("POST", url, {}, bytes(50_000_000))
        try:
            with pytest.raises(HttpFailed) as caught:
                fetch(large, allow=[url], timeout_seconds=0.4)
        finally:
            done.set()

    assert (caught.value.kind, caught.value.sent) == ("timeout", True)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_no_whole_http_is_a_protocol_failure(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with talking(talk) as port:
        failure = failing(f"http://127.0.0.1:{port}/", [f"http://127.0.0.1:{port}/"])

    assert (failure.kind, failure.sent) == ("protocol", True)


def test_an_early_answer_is_heard_although_the_body_was_not_taken() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

    with talking(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        large = Request("POST", url, {}, bytes(20_000_000))

        assert fetch(large, allow=[url], timeout_seconds=5).status == 413


@pytest.mark.parametrize(("path", "body"), [("/gzip", "压缩".encode()), ("/deflate", b"deflated")])
def test_compressed_bodies_are_decoded_and_the_headers_agree(
    origin: str, path: str, body: bytes
) -> None:
    answer = get(f"{origin}{path}", [origin])

    assert answer.body == body
    names = {name.lower() for name, _ in answer.headers}
    assert names.isdisjoint({"content-encoding", "content-length", "transfer-encoding"})


def test_the_decoded_size_is_capped(origin: str) -> None:
    failure = failing(f"{origin}/bomb", [origin], max_bytes=1_000_000)

    assert (failure.kind, failure.sent) == ("too_large", True)


def test_a_body_may_be_as_large_as_the_cap_and_no_larger(origin: str) -> None:
    assert len(get(f"{origin}/big", [origin], max_bytes=5000).body) == 5000
    assert failing(f"{origin}/big", [origin], max_bytes=4999).kind == "too_large"


def test_a_body_that_cannot_be_decoded_is_a_protocol_failure(origin: str) -> None:
    assert failing(f"{origin}/broken", [origin]).kind == "protocol"


def _moved(origin: str, status: int, url: str, method: str = "GET", **headers: str) -> Response:
    to = f"{origin}/to?status={status}&url={url}"
    body = b"posted" if method == "POST" else None
    return fetch(Request(method, to, headers, body), allow=[origin], timeout_seconds=5)


@pytest.mark.parametrize(
    ("status", "method", "after"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
    ],
)
def test_redirects_change_the_method_as_browsers_do(
    origin: str, status: int, method: str, after: str
) -> None:
    text = _moved(origin, status, "/echo", method).body.decode()

    assert text.startswith(f"{after} /echo")
    assert text.endswith("posted") == (method == after == "POST")


def test_credentials_follow_a_redirect_on_the_same_host(origin: str) -> None:
    body = _moved(origin, 302, "/echo", Authorization=SECRET, Cookie=SECRET).body

    assert body.count(SECRET.encode()) == 2


def test_credentials_do_not_follow_to_another_host(origin: str) -> None:
    with serving(_site) as other:
        to = f"{origin}/to?status=307&url={other}/echo"
        headers = {"authorization": SECRET, "Cookie": SECRET, "X-Kept": "kept"}
        answer = fetch(Request("GET", to, headers), allow=[origin, other], timeout_seconds=5)

    assert SECRET.encode() not in answer.body
    assert b"X-Kept: kept" in answer.body
    assert answer.url.startswith(other)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "http://localhost/", "ftp://example.com/"]
)
def test_where_a_redirect_leads_is_checked_again(origin: str, url: str) -> None:
    failure = failing(f"{origin}/to?status=302&url={url}", [origin])

    assert (failure.kind, failure.sent) == ("refused", True)


def test_a_redirect_to_what_is_no_url_is_a_protocol_failure() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: //[::1\r\n\r\n")

    with talking(talk) as port:
        failure = failing(f"http://127.0.0.1:{port}/", [f"http://127.0.0.1:{port}/"])

    assert (failure.kind, failure.sent) == ("protocol", True)


def test_a_redirect_cannot_leave_the_prefix_of_the_allow_list(origin: str) -> None:
    failure = failing(f"{origin}/to?status=302&url=/echo", [f"{origin}/to"])

    assert failure.kind == "refused"


def test_redirects_have_an_end(origin: str) -> None:
    loop = f"{origin}/to?status=302&url=%2Fto%3Fstatus%3D302%26url%3D%2Fecho"

    assert get(loop, [origin]).status == 200
    failure = failing(loop, [origin], max_redirects=1)
    assert (failure.kind, failure.sent) == ("redirects", True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority_for("secure.example", tmp_path_factory.mktemp("authority"))


def _over_tls(authority: Authority, trusted: Path | None, name: str) -> Response:
    def talk(connection: socket.socket) -> None:
        with authority.context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    known = names(secure_example=["127.0.0.1"], other_example=["127.0.0.1"])
    network = Network(known.resolve, str(trusted)) if trusted else known
    with talking(talk) as port:
        url = f"https://{name}:{port}/?token={SECRET}"
        return get(url, [f"https://{name}:{port}/"], network=network)


def test_tls_is_verified_by_the_name_on_the_address_that_was_checked(authority: Authority) -> None:
    assert _over_tls(authority, authority.trusted, "secure.example").body == b"ok"


@pytest.mark.parametrize(("known", "name"), [(False, "secure.example"), (True, "other.example")])
def test_a_certificate_that_is_unknown_or_of_another_name_is_refused_before_anything_is_sent(
    authority: Authority, known: bool, name: str
) -> None:
    with pytest.raises(HttpFailed) as caught:
        _over_tls(authority, authority.trusted if known else None, name)

    assert (caught.value.kind, caught.value.sent) == ("tls", False)
    assert SECRET not in str(caught.value)


def test_a_handshake_that_never_ends_is_a_timeout_with_nothing_sent() -> None:
    with talking(_say_nothing) as port:
        failure = failing(f"https://127.0.0.1:{port}/", [f"https://127.0.0.1:{port}/"], 0.3)

    assert (failure.kind, failure.sent) == ("timeout", False)


def test_no_failure_no_repr_and_no_log_shows_the_url(
    origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 5\r\n\r\n")

    with talking(talk) as port:
        failures = [
            failing(f"http://127.0.0.1:{port}/?t={SECRET}", [f"http://127.0.0.1:{port}/"]),
            failing(f"{origin}/big?t={SECRET}", [origin], max_bytes=1),
            failing(f"http://127.0.0.1:81/?t={SECRET}"),
            failing(f"http://{SECRET}@x\x00"),
        ]

    shown = "".join(f"{one!r} {one} {one.text}" for one in failures) + caplog.text
    shown += repr(Request("GET", f"http://x/{SECRET}", {"A": SECRET}, SECRET.encode()))
    shown += repr(get(f"{origin}/echo?t={SECRET}", [origin]))
    assert SECRET not in shown
    assert all(one.__cause__ is None for one in failures)


def test_a_redirect_is_an_answer_to_who_follows_it_himself(origin: str) -> None:
    request = Request("GET", f"{origin}/to?status=302&url=/echo", follow=False)

    response = fetch(request, allow=[origin], timeout_seconds=5)

    assert (response.status, dict(response.headers)["Location"]) == (302, "/echo")


def test_a_pause_may_be_shorter_than_the_whole() -> None:
    with talking(_say_nothing) as port:
        url = f"http://127.0.0.1:{port}/"
        start = time.monotonic()
        with pytest.raises(HttpFailed) as caught:
            fetch(Request("GET", url, pause_seconds=0.2), allow=[url], timeout_seconds=60)

    assert caught.value.kind == "timeout"
    assert time.monotonic() - start < 3


def test_what_was_sent_and_received_is_counted_also_of_what_failed(origin: str) -> None:
    posted = fetch(
        Request("POST", f"{origin}/echo", body=bytes(40_000)), allow=[origin], timeout_seconds=5
    )
    failure = failing(f"{origin}/big", [origin], max_bytes=100)

    assert 80_000 < posted.traffic < 82_000
    assert failure.traffic > 100
