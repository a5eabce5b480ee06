"""The packages beside the runner that every script may import, such as `requests`."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Filled when the layer is built (sandbox_layer/requirements.txt); in development it may be absent.
FOLDER = Path(__file__).parents[1] / "site-packages"


def prepare() -> None:
    """Let scripts find the packages."""
    if FOLDER.is_dir():
        sys.path.append(str(FOLDER))


def load(names: Iterable[str]) -> None:
    """Load modules once for this and all later runs; what is not there, the script may miss."""
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        with suppress(Exception):
            importlib.import_module(name)
    if missing:
        gc.collect()
        gc.freeze()
