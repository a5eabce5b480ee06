"""Lateness: 1,000 scripts that are due in the same second, on one machine.

Each script prints the time at which it runs. Ours: `make run` as it is, its sandbox in the regime
that the machine allows, on a database with durable commits. The peer: APScheduler 3 with its
SQLAlchemy job store on such a server, each job a bare interpreter of its own.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.apscheduler_lateness import peer_lateness
from bench.measure import Measurement
from chalicelib.gateways.clock import SystemClock
from chalicelib.repositories.database import Database
from infra.local.database import DatabaseServer, fresh_database
from infra.migrate import migrate

SCRIPTS = 1000
SCRIPT = "import time; print(time.time())"
#: Behind the minute at which they are planned.
BEHIND = timedelta(seconds=30)
WAIT_SECONDS = 240.0
PEER = "APScheduler 3, a bare interpreter for each"


def lateness() -> dict[str, Measurement]:
    """Of the same start: the median, and what one in a hundred exceeds."""
    with TemporaryDirectory(prefix="zhundian-bench-") as folder:
        Path(folder).chmod(0o711)
        with DatabaseServer(Path(folder)) as server:
            ours = _ours(fresh_database(server.url, "zhundian_bench"), Path(folder) / "data")
            peer = peer_lateness(server.url, SCRIPTS, SCRIPT)
    return {
        f"lateness_{name}": Measurement(pick(ours), "s", PEER, pick(peer), "lower")
        for name, pick in (("p50", statistics.median), ("p99", _p99))
    }


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _ours(url: str, data: Path) -> list[float]:
    """Seconds from when each was due to when it ran."""
    migrate(url)
    with closing(Database(url)) as database, _running(url, data):
        due = _arrange(database)
        outputs = _outputs(database, due)
    return [float(output) - due.timestamp() for output in outputs]


@contextmanager
def _running(url: str, data: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--data", str(data)]
    environment = {**os.environ, "DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("ready: "):
                    break
            else:
                raise RuntimeError("`make run` did not start")
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _arrange(database: Database) -> datetime:
    """Tasks that the next tick plans, and that are due some seconds after it."""
    minute = SystemClock().now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    due = minute + BEHIND
    with database.transaction() as tx:
        tx.many(
            "INSERT INTO platform_scheduled_tasks (task_name, schedule_type, cron_expression,"
            " timezone, script_content, next_run_at) VALUES (%(name)s, 'cron', %(cron)s, 'UTC',"
            " %(script)s, %(due)s)",
            [
                {
                    "name": f"report {n}",
                    "cron": f"{due:%S %M %H} * * ?",
                    "script": SCRIPT,
                    "due": due,
                }
                for n in range(SCRIPTS)
            ],
        )
    return due


def _outputs(database: Database, due: datetime) -> list[str]:
    """What all of them printed; raises RuntimeError unless each ran well."""
    end = time.monotonic() + WAIT_SECONDS
    rows: list[dict[str, str]] = []
    while len(rows) < SCRIPTS:
        if time.monotonic() > end:
            raise RuntimeError(f"{len(rows)} of {SCRIPTS} scripts have ended")
        # A look at what has ended, so rarely that it slows nobody down.
        time.sleep(1.0)
        with database.transaction() as tx:
            rows = tx.all(
                "SELECT status, output FROM platform_task_logs WHERE scheduled_for = %(due)s"
                " AND finished_at IS NOT NULL",
                {"due": due},
            )
    if wrong := [row for row in rows if row["status"] != "success"]:
        raise RuntimeError(f"{len(wrong)} scripts did not run well: {wrong[0]}")
    return [row["output"] for row in rows]
