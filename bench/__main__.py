"""`make bench`: every measurement beside its peer, in one run, into bench/results/latest.json."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench.measure import Measurement
from bench.sandbox import child_memory, empty_script, processor_time, throughput

RESULTS = Path(__file__).parent / "results" / "latest.json"
MEASUREMENTS = {
    "sandbox_empty_script": empty_script,
    "sandbox_cpu_per_run": processor_time,
    "sandbox_runs_per_second": throughput,
    **({"sandbox_child_memory": child_memory} if os.geteuid() == 0 else {}),
}


def main() -> None:
    found: dict[str, Measurement] = {}
    for name, measure in MEASUREMENTS.items():
        found[name] = measure()
        print(f"{name}: {found[name].told()}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({name: one.row() for name, one in found.items()}, indent=2) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
