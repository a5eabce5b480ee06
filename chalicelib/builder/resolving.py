"""From requirement lines to wheels: pip resolves and fetches them, under a limit of time and size.

Wheels are for the machine and the Python that this runs on, which are those of the sandbox.
"""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from chalicelib.builder import alone
from chalicelib.builder.errors import Refused, Unavailable, too_large
from chalicelib.builder.problems import explain
from chalicelib.domain.text import Text

#: All wheels together, in bytes; one sandbox has 512 MB for these and what is unpacked of them.
MOST_BYTES = 64 << 20
MOST_WHEELS = 64
#: Seconds between two looks at how much there is.
_POLL = 0.25
_MOST_LOG = 4 << 20
_log = logging.getLogger(__name__)

#: Wheels without anything compiled, for a sandbox that can load nothing else.
_PURE = (
    *("--platform=any", "--implementation=py", "--abi=none"),
    f"--python-version={sys.version_info.major}.{sys.version_info.minor}",
)
_ARGUMENTS = (
    *("download", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--quiet"),
    *("--quiet", "--progress-bar=off", "--only-binary=:all:", "--retries=1", "--timeout=8"),
)


def resolve(
    requirements: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    seconds: float,
    is_pure: bool = False,
) -> list[Path]:
    """Wheels that satisfy the requirements (normal forms), put into the empty `folder`.

    `environment`: what pip is told (pip's documentation, "Configuration"). `is_pure`: without
    compiled modules. Raises Refused, Unavailable.
    """
    wheels, log = folder / "wheels", folder / "pip.log"
    wheels.mkdir()
    options = (*_ARGUMENTS, *(_PURE if is_pure else ()), f"--log={log}", f"--dest={wheels}")
    code = _run([*options, *requirements], {**environment, "TMPDIR": str(folder)}, folder, seconds)
    if code != 0:
        raise _explained(log, is_pure)
    found = sorted(wheels.iterdir())
    if len(found) > MOST_WHEELS or _size(wheels) > MOST_BYTES:
        raise too_large()
    return found


def _explained(log: Path, is_pure: bool) -> Refused | Unavailable:
    text = log.read_bytes()[-_MOST_LOG:].decode("utf-8", "replace") if log.exists() else ""
    problem = explain(text, is_pure)
    if isinstance(problem, Unavailable):
        # pip itself leaves credentials of addresses out of what it logs.
        errors = [line[:300] for line in text.splitlines() if " ERROR: " in line]
        _log.error("no packages", extra={"why": problem.text.en, "pip": errors[-3:]})
    return problem


def _run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float
) -> int:
    found = importlib.util.find_spec("pip")
    if found is None or found.origin is None:
        raise Unavailable(Text("构建环境缺少 pip", "the builder has no pip"))
    home = str(Path(found.origin).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", alone.__file__, home, str(MOST_BYTES), *arguments],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            return _watched(process, folder, time.monotonic() + seconds)
        finally:
            process.kill()


def _watched(process: subprocess.Popen[bytes], folder: Path, deadline: float) -> int:
    while True:
        try:
            return process.wait(min(_POLL, max(0.0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            # A wheel is there twice for a moment.
            if _size(folder) > 2 * MOST_BYTES:
                raise too_large() from None
            if time.monotonic() >= deadline:
                raise Unavailable(
                    Text(
                        "获取依赖超时;请稍后重试,或减少依赖",
                        "fetching the packages took too long; try again, or leave some out",
                    )
                ) from None


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total
