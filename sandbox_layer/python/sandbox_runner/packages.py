"""The packages beside the runner that every script may import, such as `requests`."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from pathlib import Path

#: Filled when the layer is built (sandbox_layer/requirements.txt); in development it may be absent.
FOLDER = Path(__file__).parents[1] / "site-packages"
#: What is loaded before the first run, if it is there.
PRELOADED = ("requests",)


def prepare() -> None:
    """Let scripts find the packages, and load the common ones once for all runs."""
    if FOLDER.is_dir():
        sys.path.append(str(FOLDER))
    for name in PRELOADED:
        with suppress(ImportError):
            importlib.import_module(name)
