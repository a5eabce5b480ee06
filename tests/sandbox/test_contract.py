"""The one place that sees both halves: what one writes the other reads."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_runner import frames as untrusted
from sandbox_runner import lockdown, web
from sandbox_runner import results as untrusted_results

from chalicelib.sandbox import frames as trusted
from chalicelib.sandbox import protection
from chalicelib.sandbox import results as trusted_results

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
FLAT = st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=50))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=FLAT)
def test_the_supervisor_reads_what_a_child_writes(
    ends: tuple[socket.socket, socket.socket], message: dict[str, Any]
) -> None:
    untrusted.Channel(ends[0]).send(message)

    assert list(trusted.FrameReader().feed(ends[1].recv(1 << 20))) == [message]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=FLAT)
def test_a_child_reads_what_the_supervisor_writes(
    ends: tuple[socket.socket, socket.socket], message: dict[str, Any]
) -> None:
    ends[1].sendall(trusted.encode(message))

    assert untrusted.Channel(ends[0]).receive() == message


@given(JSON)
def test_a_result_that_a_child_lets_go_is_one_that_the_supervisor_takes(value: Any) -> None:
    assert trusted_results.read_result(untrusted_results.to_json(value)) == value


def test_the_largest_body_of_a_request_fits_into_a_frame() -> None:
    in_base64 = web._BODY * 4 // 3

    assert in_base64 + (1 << 16) < trusted.MAX_FRAME


def test_the_supervisor_requires_layers_that_exist() -> None:
    for regime, layers in lockdown.LAYERS.items():
        assert set(layers) | protection.OF_ENVIRONMENT >= protection.REQUIRED[regime]
    assert lockdown.LAYERS.keys() == protection.REQUIRED.keys()


def test_the_names_of_messages_are_the_same_on_both_sides() -> None:
    """What `conversation` matches on is what `child`, `console` and `frames` send."""
    near, far = socket.socketpair()
    with near, far:
        channel = untrusted.Channel(near)
        far.sendall(trusted.encode({"t": "answer", "id": 1, "ok": True, "value": 5}))
        assert channel.call("name", {"a": 1}) == 5
        sent = far.recv(1 << 16)

    assert json.loads(sent[4:]) == {"t": "call", "id": 1, "name": "name", "args": {"a": 1}}
