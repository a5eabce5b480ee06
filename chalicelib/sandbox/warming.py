"""Which modules a zygote should have loaded for a script, as its later runs will want them too."""

from __future__ import annotations

import re

#: Slow to import, and frequent, but not so much that every child should have to carry them. All are
#: of the standard library or the layer: a zygote never loads what a user chose.
_SLOW = (
    *("dataclasses", "logging", "decimal", "statistics", "uuid", "html", "shutil", "tempfile"),
    *("requests", "urllib.request", "urllib3", "http.client", "ssl"),
    *("asyncio", "concurrent.futures", "sqlite3", "xml.etree.ElementTree", "email", "unittest"),
)
#: What SDK functions need.
_NEEDED_BY = {"db_query": "decimal"}
_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([\w., \t]+)", re.MULTILINE)


def modules_to_load(script: str) -> list[str]:
    """The slow ones that the script names in a statement of its own."""
    named = {name for names in _IMPORT.findall(script) for name in re.split(r"[,\s]+", names)}
    named |= {module for name, module in _NEEDED_BY.items() if name in script}
    return [name for name in _SLOW if any(f"{one}.".startswith(f"{name}.") for one in named)]
