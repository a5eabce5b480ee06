"""What passes between a run and the broker while it lasts."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from tests.sandbox.fake_broker import refused
from tests.sandbox.world import FAST, World


def test_output_arrives_while_the_script_runs(world: World) -> None:
    world.here = replace(world.here, rhythm=FAST)
    world.web.pages["/until-seen"] = lambda _: (
        200,
        str(world.broker.wait_for("heartbeat")).encode(),
    )

    world.run(f"print('early')\nhttp_get('{world.web.url}/until-seen')\nprint('late')")

    first = world.broker.asked("heartbeat")[0]
    assert (first["offset"], first["output"]) == (0, "early\n")
    assert (world.report["offset"], world.report["output"]) == (6, "late\n")


def test_a_heartbeat_that_is_lost_is_made_up_for(world: World) -> None:
    world.here = replace(world.here, rhythm=FAST)
    answers: list[Any] = [None, refused("unavailable")]
    seen = threading.Event()

    def beat(_: Any) -> Any:
        if answers:
            return answers.pop()
        seen.set()
        return {"ok": True, "cancel": False}

    world.broker.rules["heartbeat"] = beat
    world.web.pages["/until-seen"] = lambda _: (200, str(seen.wait(5)).encode())
    world.run(f"print('early')\nhttp_get('{world.web.url}/until-seen')")

    offsets = [one["offset"] for one in world.broker.asked("heartbeat")]
    assert offsets[:3] == [0, 0, 0]
    assert world.outcome["status"] == "success"


def test_a_cancel_stops_the_script(world: World) -> None:
    world.here = replace(world.here, rhythm=FAST)
    world.broker.rules["heartbeat"] = lambda _: {"ok": True, "cancel": True}

    world.run("print('begun')\ntime.sleep(15)")

    assert (world.outcome["status"], world.outcome["error_kind"]) == ("cancelled", "cancelled")


def test_an_attempt_that_is_no_longer_ours_is_stopped_and_not_reported(world: World) -> None:
    world.here = replace(world.here, rhythm=FAST)
    world.broker.rules["heartbeat"] = lambda _: refused()

    world.run("time.sleep(15)")

    assert world.broker.asked("report") == []
