"""`make bench`: every measurement beside its peer, in one run, into bench/results/latest.json.

`python -m bench planning lateness` measures these alone and keeps what is known of the others.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.lateness import lateness
from bench.measure import Measurement
from bench.planning import planning
from bench.report import write_report
from bench.sandbox import child_memory, empty_script, processor_time, throughput

RESULTS = Path(__file__).parent / "results" / "latest.json"
Found = dict[str, Measurement]


def sandbox() -> Found:
    found = {
        "sandbox_empty_script": empty_script(),
        "sandbox_cpu_per_run": processor_time(),
        "sandbox_runs_per_second": throughput(),
    }
    return {**found, "sandbox_child_memory": child_memory()} if os.geteuid() == 0 else found


PARTS: dict[str, Callable[[], Found]] = {
    "sandbox": sandbox,
    "planning": planning,
    "lateness": lateness,
}


def main(parts: list[str]) -> None:
    rows: dict[str, Any] = {}
    if parts and RESULTS.exists():
        rows = json.loads(RESULTS.read_text("utf-8"))
    for part in parts or PARTS:
        for name, one in PARTS[part]().items():
            rows[name] = one.row()
            print(f"{name}: {one.told()}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    write_report(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
