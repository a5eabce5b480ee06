"""`ai()` in the supervisor: what is asked once, and what a lost answer becomes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.gateways.broker import SocketBroker
from chalicelib.sandbox.ai_call import ai_handler
from chalicelib.sandbox.attempt import Attempt
from chalicelib.sandbox.calls import CallFailed
from chalicelib.sandbox.output import Output
from tests.fakes import START, FakeClock
from tests.sandbox.fake_broker import FakeBroker
from tests.sandbox.world import World

ASK = {"prompt": "a", "system": None, "model": "m", "seconds": 9999}
ANSWER = {
    "text": "b",
    "model": "m",
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "is_estimated": False,
    "is_cut": False,
}


def test_a_lost_answer_is_not_asked_for_again_and_the_run_goes_on(world: World) -> None:
    world.broker.rules["call"] = lambda _: None

    world.run("try: ai('a')\nexcept CallFailed as error: result = [error.kind, str(error)]")

    kind, words = world.outcome["result"]
    assert kind == "unavailable"
    assert "平台暂时不可用" in words
    assert len(world.broker.asked("call")) == 1


def test_a_broker_that_cannot_have_heard_is_asked_again_for_a_while(tmp_path: Path) -> None:
    clock = FakeClock()
    attempt = Attempt(SocketBroker(str(tmp_path / "nobody")), clock, 3, "token")

    with pytest.raises(CallFailed) as caught:
        ai_handler(attempt, Output())(ASK, 600)

    assert caught.value.kind == "unavailable"
    assert 20 <= (clock.now() - START).total_seconds() < 21


@pytest.mark.parametrize(("left", "asked"), [(600, 300), (5.5, 5.5)])
def test_a_call_has_no_more_time_than_the_run_has_left(
    tmp_path: Path, left: float, asked: float
) -> None:
    output = Output()
    with FakeBroker(tmp_path / "broker") as broker:
        broker.rules["call"] = lambda _: {"ok": True, "value": ANSWER}
        attempt = Attempt(SocketBroker(broker.path), FakeClock(), 3, "token")
        text = ai_handler(attempt, output)(ASK, left)

    assert text == "b"
    assert re.fullmatch(r"\[ai\] m: 1 \+ 2 tokens, \d+\.\d s\n", output.rest(0))
    (request,) = broker.asked("call")
    assert request["args"] == {**ASK, "seconds": asked}
