"""Planning: claim, insert, advance and hand over, in a table of 1,000,000 tasks.

A whole tick is timed, in processes that have done one before. What is handed over stays in a queue
in memory. Ours and the peer take turns, so that both meet the same machine; medians.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from multiprocessing.connection import Connection
from statistics import median

from bench.apscheduler_planning import peer_rate, peer_store
from bench.dispatchers import dispatchers, tick
from bench.fleet import FIRST, Group, filled, groups, server
from bench.measure import Measurement
from chalicelib.repositories.database import Database

TASKS, DUE, FEW = 1_000_000, 20_000, 1_000
#: One more of each comes first and counts for nothing.
ROUNDS = 6
PEER_JOBS, PEER_DUE = 20_000, 2_000
PEER = "APScheduler 3, its SQLAlchemy job store on the same server, 20,000 jobs"
#: Within the look-ahead of a tick.
AHEAD = timedelta(seconds=100)


def planning() -> dict[str, Measurement]:
    """All of this page, as filling the table takes a minute."""
    few = groups(*[FEW] * (ROUNDS + 1))
    many = groups(*[FEW] * len(few), *[DUE] * ((TASKS - FEW * len(few)) // DUE))[len(few) :]
    with ExitStack() as stack:
        url = stack.enter_context(server())
        small = [filled(url, f"zhundian_small_{n}", [group]) for n, group in enumerate(few)]
        large = filled(url, "zhundian_large", [*few, *many])
        one, two = (stack.enter_context(dispatchers(number)) for number in (1, 2))
        store = stack.enter_context(peer_store(url))
        left = iter(many)
        growth = _growth(one, large, list(zip(small, few, strict=True)))
        rates = [
            (
                _rate(one, large, left),
                _rate(two, large, left),
                peer_rate(store, PEER_JOBS, PEER_DUE),
            )
            for _ in range(ROUNDS + 1)
        ][1:]
    alone, both, peer = (median(kind) for kind in zip(*rates[1:], strict=True))
    return {
        "planning_one_dispatcher": Measurement(alone, "occurrences/s", PEER, peer, "higher"),
        "planning_two_dispatchers": Measurement(both, "occurrences/s", PEER, peer, "higher"),
        "planning_in_a_large_table": growth,
    }


def _rate(pipes: list[Connection], url: str, left: Iterator[Group]) -> float:
    group = next(left)
    return group.tasks / _plan(pipes, url, group)


def _growth(pipes: list[Connection], large: str, small: list[tuple[str, Group]]) -> Measurement:
    """Medians of as many due tasks in a large table and in one that holds no other."""
    seconds = []
    for number, (url, group) in enumerate(small):
        # Whoever comes second finds schedules read, and the server warm.
        order = (large, url) if number % 2 else (url, large)
        took = {one: _plan(pipes, one, group) for one in order}
        seconds.append((took[large], took[url]))
    ours, peer = (median(kind) * 1000 for kind in zip(*seconds[1:], strict=True))
    return Measurement(
        ours, "ms", "the same 1,000 due tasks in a table of their own", peer, "lower"
    )


def _plan(pipes: list[Connection], url: str, group: Group) -> float:
    """The seconds it took; raises RuntimeError unless each of its tasks has one row, sent."""
    # Connections are opened, and nothing is due then.
    tick(pipes, url, FIRST - timedelta(days=1))
    seconds = tick(pipes, url, group.at - AHEAD)
    with closing(Database(url)) as database, database.transaction() as tx:
        row = tx.one(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT task_id) AS tasks FROM platform_task_logs"
            " WHERE due_at = %(at)s AND status = 'queued' AND sent_at IS NOT NULL",
            {"at": group.at},
        )
        # As if all had run, or the next tick would find them lost.
        tx.execute("UPDATE platform_task_logs SET status = 'success' WHERE status = 'queued'")
    if row != {"n": group.tasks, "tasks": group.tasks}:
        raise RuntimeError(f"of {group.tasks} were planned and sent: {row}")
    return seconds
