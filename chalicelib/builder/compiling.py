"""Modules compiled ahead, so that no run has to: importing pandas takes a tenth of the time.

The compiler reads a package's source and runs nothing of it.
"""

from __future__ import annotations

import importlib.util
import marshal
import re
import warnings

#: Where packages keep their tests, which no script imports.
_TESTS = re.compile(r"(^|/)tests?/")
#: A compiled file that is never compared with its source, as both came together (PEP 552).
_UNCHECKED = (1).to_bytes(4, "little")


def compiled(path: str, source: bytes) -> tuple[str, bytes] | None:
    """Where this interpreter looks for a module's code, and the file's content.

    None for what is no module, or is none for this version of Python.
    """
    if not path.endswith(".py") or _TESTS.search(path):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Absolute, so that no traceback takes it for the script.
            code = compile(source, f"/bundle/{path}", "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    return importlib.util.cache_from_source(path), head + marshal.dumps(code)
