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
from bench.fleet import Group, filled, groups, server
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
        large = filled(url, "zhundian_large", [*few, *many])
        one = stack.enter_context(dispatchers(large, 1))
        two = stack.enter_context(dispatchers(large, 2))
        store = stack.enter_context(peer_store(url))
        left = iter(many)
        rates = [
            (
                _rate(one, large, left),
                _rate(two, large, left),
                peer_rate(store, PEER_JOBS, PEER_DUE),
            )
            for _ in range(ROUNDS + 1)
        ][1:]
        growth = _growth(url, large, few, stack)
    ours, both, peer = (median(kind) for kind in zip(*rates, strict=True))
    return {
        "planning_one_dispatcher": Measurement(ours, "occurrences/s", PEER, peer, "higher"),
        "planning_two_dispatchers": Measurement(both, "occurrences/s", PEER, peer, "higher"),
        "planning_in_a_large_table": growth,
    }


def _rate(pipes: list[Connection], url: str, left: Iterator[Group]) -> float:
    group = next(left)
    return group.tasks / _plan(pipes, url, group)


def _growth(server_url: str, large: str, few: list[Group], stack: ExitStack) -> Measurement:
    """Medians of as many due tasks in a large table and in one that holds no other."""
    in_large = stack.enter_context(dispatchers(large, 1))
    small = filled(server_url, "zhundian_small", few[:1])
    in_small = stack.enter_context(dispatchers(small, 1))
    seconds = []
    for number, group in enumerate(few):
        small = filled(server_url, "zhundian_small", [group])
        turns = [(in_large, large), (in_small, small)]
        # Whoever comes second finds the server warm.
        order = turns if number % 2 else turns[::-1]
        took = {url: _plan(pipes, url, group) for pipes, url in order}
        seconds.append((took[large], took[small]))
    ours, peer = (median(kind) * 1000 for kind in zip(*seconds[1:], strict=True))
    return Measurement(
        ours, "ms", "the same 1,000 due tasks in a table of their own", peer, "lower"
    )


def _plan(pipes: list[Connection], url: str, group: Group) -> float:
    """The seconds it took; raises RuntimeError unless each of its tasks has one row, sent."""
    seconds = tick(pipes, group.at - AHEAD)
    with closing(Database(url)) as database, database.transaction() as tx:
        row = tx.one(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT task_id) AS tasks FROM platform_task_logs"
            " WHERE due_at = %(at)s AND status = 'queued' AND sent_at IS NOT NULL",
            {"at": group.at},
        )
    if row != {"n": group.tasks, "tasks": group.tasks}:
        raise RuntimeError(f"of {group.tasks} were planned and sent: {row}")
    return seconds
