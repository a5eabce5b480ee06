"""`make simulate`: the world in which all breaks, until so many occurrences were accounted for.

    python -m tests.services.simulate --occurrences 1000000
    python -m tests.services.simulate --seed 4711

A seed decides what happens and when; the order of threads that happen at once it does not decide.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chalicelib.config import Settings
from chalicelib.domain.cipher import Cipher
from chalicelib.services.platform import Platform
from infra.local.database import DatabaseServer, fresh_database
from infra.migrate import migrate
from tests.databases import empty_tables
from tests.fakes import FakeClock, FakeLauncher, FakeQueue
from tests.services.chaos import MortalDatabase
from tests.services.ledger import Tally
from tests.services.rows import MASTER_KEY
from tests.services.simulation import VERY_FAR, simulate

STEPS = 60
_SPAWN = multiprocessing.get_context("spawn")
#: The database of this process.
_url = ""


def main() -> int:
    options = _options()
    seeds = itertools.count(options.first_seed) if options.seed is None else iter([options.seed])
    total: Tally = Counter()
    with _server() as url, _SPAWN.Pool(options.workers, _begin, (url,)) as pool:
        while total.total() < options.occurrences:
            some = list(itertools.islice(seeds, options.workers))
            if not some:
                break
            for seed, found, error in pool.imap_unordered(_live, some):
                if error:
                    print(f"{error}\nseed {seed} failed; replay it: make simulate SEED={seed}")
                    return 1
                total += found
                said = f"seed {seed}: {found.total():,} occurrences; {total.total():,} in all"
                print(said, flush=True)
    print(f"{total.total():,} occurrences: 0 missing, 0 extra; each skipped one for its reason")
    for ending, number in total.most_common():
        print(f"  {number:>9,} {ending}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--occurrences", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="zhundian-") as folder:
        Path(folder).chmod(0o711)
        with DatabaseServer(Path(folder), durable=False) as server:
            yield server.url


def _begin(server_url: str) -> None:
    global _url
    # What breaks is logged, and here everything does.
    logging.disable()
    _url = fresh_database(server_url, f"zhundian_{os.getpid()}")
    migrate(_url)


def _live(seed: int) -> tuple[int, Tally, str | None]:
    """One world of a seed: what there was, or how it failed."""
    empty_tables(_url)
    clock = FakeClock()
    with closing(MortalDatabase(_url)) as mortal:
        cipher = Cipher(lambda: MASTER_KEY)
        platform = Platform(
            Settings(), mortal, FakeQueue(clock), FakeLauncher(clock), clock, cipher
        )
        try:
            return seed, simulate(platform, mortal, seed, STEPS, VERY_FAR), None
        except BaseException:
            return seed, Counter(), traceback.format_exc()


if __name__ == "__main__":
    sys.exit(main())
