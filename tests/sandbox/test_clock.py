"""What time a script believes it is, and that no run draws the numbers of the one before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.sandbox import execute_only, protection
from tests.sandbox.conftest import UID, Bench
from tests.sandbox.hostile.environment import Environment

#: Runs a script of a task in Shanghai; its result.
Run = Callable[[str], Any]


@pytest.fixture(scope="module")
def jail(python: str, readable_folder: Path) -> Iterator[Environment]:
    """The regime that Lambda allows, where the child can open nothing, no file of a zone either."""
    copy = execute_only.Copy(python)
    uid = os.getuid() if UID is None else UID + 4000
    # A developer's account has other processes.
    required = protection.REQUIRED["fd-jail"] - {"own_account"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        made = Environment(
            copy.python, readable_folder, uid, Path(folder), True, " ".join(required)
        )
        try:
            made.start()
            assert made.told["regime"] == "fd-jail"
            yield made
        finally:
            made.stop()
            copy.close()


@pytest.fixture(params=["kernel", "fd-jail"])
def run(request: pytest.FixtureRequest, bench: Bench) -> Run:
    if request.param == "kernel":
        return lambda code: bench.run(code).result
    jail: Environment = request.getfixturevalue("jail")

    def in_jail(code: str) -> Any:
        told = jail.run(code) or {}
        assert told["status"] == "success", told
        return told["result"]

    return in_jail


def test_a_report_at_half_past_midnight_in_shanghai_bears_that_day(run: Run) -> None:
    """16:30 the day before, by UTC."""
    result = run("""
import calendar
instant = calendar.timegm((2026, 11, 22, 16, 30, 0))
result = [str(datetime.fromtimestamp(instant)), str(date.fromtimestamp(instant)),
          time.strftime('%Y-%m-%d %H:%M %Z', time.localtime(instant)), time.ctime(instant)]
""")

    assert result == [
        "2026-11-23 00:30:00", "2026-11-23", "2026-11-23 00:30 CST", "Mon Nov 23 00:30:00 2026",
    ]  # fmt: skip


def test_every_way_to_ask_for_the_time_tells_the_same(run: Run) -> None:
    result = run("""
from zoneinfo import ZoneInfo
import datetime as module
here = ZoneInfo('Asia/Shanghai')

def apart(one, other):
    return abs((one - other).total_seconds())

aware = datetime.now(here)
result = [
    apart(datetime.now(), aware.replace(tzinfo=None)) < 2,
    apart(datetime.today(), aware.replace(tzinfo=None)) < 2,
    apart(datetime(*time.localtime()[:6]), aware.replace(tzinfo=None)) < 2,
    date.today() in (aware.date(), datetime.now(here).date()),
    apart(datetime.now(module.timezone.utc), aware) < 2,
    apart(datetime.now().astimezone(), aware) < 2,
    str(datetime.now().astimezone().utcoffset()),
    time.tzname[0], time.timezone,
]
""")

    assert result == [True] * 6 + ["8:00:00", "CST", -8 * 3600]


def test_aware_datetimes_of_other_zones_work(run: Run) -> None:
    result = run("""
from datetime import datetime, timezone
from zoneinfo import ZoneInfo
utc = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
zones = ['Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']
result = [utc.astimezone(ZoneInfo(zone)).isoformat() for zone in zones]
result.append(datetime(2026, 12, 1, 12, tzinfo=ZoneInfo('Europe/Berlin')).utcoffset().seconds)
""")

    assert result == [
        "2026-07-01T20:00:00+08:00",
        "2026-07-01T14:00:00+02:00",
        "2026-07-01T08:00:00-04:00",
        "2026-07-01T22:30:00+10:30",
        3600,
    ]


def test_what_is_random_differs_from_run_to_run(run: Run) -> None:
    draw = """
import secrets, uuid
result = [random.random(), random.getrandbits(64), random.sample(range(10 ** 9), 2),
          random.SystemRandom().random(), secrets.token_hex(8), str(uuid.uuid4())]
"""
    draws = [run(draw) for _ in range(4)]

    for drawn in zip(*draws, strict=True):
        assert len({str(one) for one in drawn}) == 4


def test_a_seed_of_ones_own_still_gives_the_same_numbers(run: Run) -> None:
    draw = "random.seed(7)\nresult = [random.random() for _ in range(3)]"

    assert run(draw) == run(draw)


def test_the_day_is_that_of_the_tasks_zone_whatever_the_one_before_had(bench: Bench) -> None:
    """Twenty-five hours lie between these two, so they never share a date."""
    zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Kiritimati"]
    ask = "result = [str(date.today()), str(datetime.now().astimezone().utcoffset())]"

    first, second, third = (bench.run(ask, timezone=zone).result for zone in zones)

    assert (first[1], second[1], third[1]) == ("14:00:00", "-1 day, 13:00:00", "14:00:00")
    assert second[0] < first[0] <= third[0]


@pytest.mark.parametrize(
    ("zone", "summer", "winter"),
    [("Europe/Berlin", "14:00", "13:00"), ("America/New_York", "08:00", "07:00")],
)
def test_local_time_knows_when_clocks_change(
    bench: Bench, zone: str, summer: str, winter: str
) -> None:
    ran = bench.run(
        """
import calendar
instants = [calendar.timegm((2026, month, 1, 12, 0, 0)) for month in (7, 12)]
result = [datetime.fromtimestamp(instant).strftime('%H:%M') for instant in instants]
""",
        timezone=zone,
    )

    assert ran.result == [summer, winter]


def test_the_time_in_the_log_is_that_of_the_zone(bench: Bench) -> None:
    ran = bench.run(
        "before = datetime.now()\nlog('x')\n"
        "result = [f'{one:[%H:%M:%S]}' for one in (before, datetime.now())]",
        timezone="Asia/Kathmandu",
    )

    assert ran.output.split(" ")[0] in ran.result
