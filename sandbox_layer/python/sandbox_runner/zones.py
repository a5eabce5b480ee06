"""Local time: the zygote enters the task's zone before it forks, while files can be opened."""

from __future__ import annotations

import os
import re
import sys
import time
import zoneinfo
from functools import lru_cache
from pathlib import Path

#: As they are before the jail takes the zones into memory.
_FOLDERS = zoneinfo.TZPATH
#: Names of zones; no way out of the folder that they are in.
_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


@lru_cache(maxsize=1024)
def _file(name: str) -> str | None:
    """The layer may bring the zones if the machine has none."""
    if not _NAME.fullmatch(name):
        return None
    folders = [*_FOLDERS, *(f"{folder}/tzdata/zoneinfo" for folder in sys.path)]
    files = (Path(folder, name) for folder in folders)
    return next((str(file) for file in files if file.is_file()), None)


def enter(name: str) -> bool:
    """Make local time that of the zone; False if there is no data for it, and nothing changes."""
    file = _file(name)
    if file is None:
        return False
    if os.environ.get("TZ") != f":{file}":
        os.environ["TZ"] = f":{file}"
        time.tzset()
    return True
