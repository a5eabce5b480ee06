"""The peer's lateness: each job starts an interpreter, in its pool of ten threads, as it comes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from bench.apscheduler_planning import new_job, peer_store, store_jobs
from chalicelib.gateways.clock import SystemClock

#: From when its jobs are stored to when they are due.
BEHIND = timedelta(seconds=5)
WAIT_SECONDS = 240.0


class _Board:
    """What the jobs have printed; jobs of a job store are found by name, so it is a module's."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.lock, self.all_done, self.wanted = Lock(), Event(), 0

    def begin(self, wanted: int) -> None:
        self.outputs, self.wanted = [], wanted
        self.all_done.clear()

    def add(self, output: str) -> None:
        with self.lock:
            self.outputs.append(output)
            if len(self.outputs) == self.wanted:
                self.all_done.set()


_board = _Board()


def interpret(script: str) -> None:
    """One job: the script in an interpreter of its own."""
    command = [sys.executable, "-I", "-c", script]
    _board.add(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peer_lateness(server_url: str, jobs: int, script: str) -> list[float]:
    """Seconds from when each job was due to when its script ran."""
    _board.begin(jobs)
    with peer_store(server_url) as store:
        scheduler = BackgroundScheduler(timezone=UTC)
        scheduler.add_jobstore(store)
        scheduler.start(paused=True)
        try:
            due = _fill(scheduler, store, jobs, script)
            scheduler.resume()
            if not _board.all_done.wait(WAIT_SECONDS):
                raise RuntimeError(f"{len(_board.outputs)} of {jobs} jobs have ended")
        finally:
            scheduler.shutdown()
    return [float(output) - due.timestamp() for output in _board.outputs]


def _fill(
    scheduler: BackgroundScheduler, store: SQLAlchemyJobStore, jobs: int, script: str
) -> datetime:
    """Store daily jobs that are due soon; returns when."""
    due = SystemClock().now().replace(microsecond=0) + BEHIND
    trigger = CronTrigger(hour=due.hour, minute=due.minute, second=due.second, timezone=UTC)
    ids = [f"job-{n}" for n in range(jobs)]
    made = [new_job(scheduler, name, interpret, (script,), trigger, due) for name in ids]
    store_jobs(store, made)
    return due
