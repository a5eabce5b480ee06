"""The packages that a script brings: in a folder that it may read, or held in memory in the jail.

Entered in the child alone, so that the next run has none of them.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from sandbox_runner import packages

#: Libraries that start a thread per processor; a script has few threads, and in the jail none.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def prepare(archives: Sequence[int]) -> None:
    """Load in the zygote what children need for an archive, when the first one comes."""
    if archives:
        importlib.import_module("sandbox_runner.held")


def enter(folder: str, archive: int | None) -> None:
    """Let this process import what is in the bundle; before it locks itself down.

    `folder`: where it is unpacked, or empty. `archive`: a descriptor of it, in the jail.
    """
    if archive is not None:
        from sandbox_runner.held import Finder

        finder = Finder(_content(archive))
        sys.meta_path.insert(0, finder)
        names: Iterable[str] = finder.modules()
    elif folder:
        sys.path.insert(_place(), folder)
        names = {_module(path.name) for path in Path(folder).iterdir()}
    else:
        return
    _forget(names)
    for name in _THREADS:
        os.environ[name] = "1"


def _content(descriptor: int) -> bytes:
    """All of a file; by positions, as others share the descriptor's offset."""
    size, data = os.fstat(descriptor).st_size, bytearray()
    while len(data) < size:
        data += os.pread(descriptor, size - len(data), len(data))
    return bytes(data)


def _place() -> int:
    """Behind the standard library, before the packages of the layer."""
    beside = str(packages.FOLDER)
    return sys.path.index(beside) if beside in sys.path else len(sys.path)


def _module(name: str) -> str:
    """The module that a name in a folder stands for."""
    for suffix in importlib.machinery.all_suffixes():
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _forget(names: Iterable[str]) -> None:
    """Have modules of the layer imported again, from the bundle: an earlier run loaded them."""
    brought = set(names) - sys.stdlib_module_names - {"sandbox_runner", "__main__"}
    for name in list(sys.modules):
        if name.partition(".")[0] in brought:
            del sys.modules[name]
