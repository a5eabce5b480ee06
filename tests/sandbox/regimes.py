"""Environments in one regime or the other, for tests that try the same in both."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.sandbox import execute_only, protection
from chalicelib.sandbox.outcome import Outcome
from tests.sandbox.hostile.environment import Environment
from tests.sandbox.ran import Ran


def required_in(regime: str) -> str:
    """What runs need there, as the settings name it."""
    # A developer's account has other processes.
    others = frozenset() if os.getuid() == 0 else {"own_account"}
    return " ".join(protection.REQUIRED[regime] - others)


@contextmanager
def environment(regime: str, python: str, code: Path, uid: int) -> Iterator[Environment]:
    """One that is started, with all that the regime requires; nothing of it lives on.

    In the jail its supervisor runs from a copy that its account may not read.
    """
    copy = execute_only.Copy(python) if regime == "fd-jail" else None
    folder = Path(tempfile.mkdtemp(prefix="zhundian-authors-"))
    folder.chmod(0o777)
    program, like_lambda = copy.python if copy else python, copy is not None
    made = Environment(program, code, uid, folder, like_lambda, required_in(regime))
    try:
        made.start()
        assert made.told["regime"] == regime
        yield made
        assert os.getuid() != 0 or made.strays() == []
    finally:
        made.stop()
        shutil.rmtree(folder)
        if copy is not None:
            copy.close()


def ran(environment: Environment, script: str, timeout: float = 5) -> Ran:
    """What came of a script there."""
    start = time.monotonic()
    answer = environment.run(script, timeout)
    assert answer is not None, "the environment said nothing"
    output = answer.pop("output")
    return Ran(Outcome(**answer), output, time.monotonic() - start)
