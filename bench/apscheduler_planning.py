"""The peer's planning: APScheduler 3 with its SQLAlchemy job store, one thread, as it comes.

Its jobs do nothing and are handed to an executor that runs nothing, so what is measured is the
scheduler: due jobs are loaded, handed over, and their next time is stored.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from bench.fleet import CRON, ZONES
from chalicelib.gateways.clock import SystemClock
from infra.local.database import drop_database, fresh_database

#: Of those cron expressions that it knows; it has no points of time.
_KNOWN = [text for text in CRON if "L" not in text and "?" not in text]
WAIT_SECONDS = 120.0


def nothing() -> None:
    """What each job does."""


class _Counter(BaseExecutor):  # type: ignore[misc]
    """Takes jobs, and says when it has taken so many."""

    def __init__(self, until: int) -> None:
        super().__init__()
        self.left, self.done = until, Event()

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        self._run_job_success(job.id, [])
        self.left -= 1
        if self.left == 0:
            self.done.set()


@contextmanager
def peer_store(server_url: str) -> Iterator[SQLAlchemyJobStore]:
    """Its job store in a database of its own on the server."""
    url = fresh_database(server_url, "zhundian_peer")
    store = SQLAlchemyJobStore(url.replace("mysql://", "mysql+pymysql://", 1))
    try:
        yield store
    finally:
        store.shutdown()
        drop_database(url)


def peer_rate(store: SQLAlchemyJobStore, jobs: int, due: int) -> float:
    """Jobs per second that it finds due and hands over, `due` of so many in its table."""
    executor = _Counter(due)
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_jobstore(store)
    scheduler.add_executor(executor)
    scheduler.start(paused=True)
    try:
        _fill(scheduler, store, jobs, due)
        start = time.perf_counter()
        scheduler.resume()
        if not executor.done.wait(WAIT_SECONDS):
            raise RuntimeError(f"APScheduler handed over {due - executor.left} of {due}")
        return due / (time.perf_counter() - start)
    finally:
        scheduler.shutdown()


def _fill(scheduler: BackgroundScheduler, store: SQLAlchemyJobStore, jobs: int, due: int) -> None:
    now = SystemClock().now()
    made = []
    for n in range(jobs):
        at = now - timedelta(seconds=1) if n < due else now + timedelta(hours=9)
        words = {"h": at.hour, "m": at.minute, "n": (at.hour + 14) % 24}
        text = _KNOWN[n % len(_KNOWN)].format(**words)
        trigger = CronTrigger.from_crontab(text, ZONES[n % len(ZONES)])
        made.append(new_job(scheduler, f"job-{n}", nothing, (), trigger, at))
    store_jobs(store, made)


def new_job(
    scheduler: BackgroundScheduler,
    name: str,
    func: Callable[..., None],
    args: tuple[Any, ...],
    trigger: CronTrigger,
    at: datetime,
) -> Job:
    """A job as `add_job` makes it, that is next due at this instant."""
    return Job(
        scheduler,
        id=name,
        name=name,
        func=func,
        args=args,
        kwargs={},
        trigger=trigger,
        executor="default",
        misfire_grace_time=3600,
        coalesce=True,
        max_instances=1,
        next_run_time=at,
    )


def store_jobs(store: SQLAlchemyJobStore, jobs: Iterable[Job]) -> None:
    """Replace what is there by one INSERT, as `add_job` commits each; the rows are the same."""
    rows = [
        {
            "id": job.id,
            "next_run_time": job.next_run_time.timestamp(),
            "job_state": pickle.dumps(job.__getstate__(), store.pickle_protocol),
        }
        for job in jobs
    ]
    store.remove_all_jobs()
    with store.engine.begin() as connection:
        connection.execute(store.jobs_t.insert(), rows)
