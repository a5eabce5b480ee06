"""docs/benchmarks.md: the table of the last run, and its plot."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PLOT = DOCS / "benchmarks.md", DOCS / "benchmarks.svg"
BEGIN, END = "<!-- written by make bench -->", "<!-- until here -->"
#: Of the plot, in pixels.
WIDTH, LABEL, ROW = 860, 270, 34
OURS, PEER, INK = "#2563eb", "#9ca3af", "#374151"

Rows = Mapping[str, Mapping[str, Any]]


def write_report(rows: Rows) -> None:
    """Replace the part of the page between its marks, and the plot."""
    PLOT.write_text(_plot(rows), "utf-8")
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join([BEGIN, "", _machine(), "", *_table(rows), "", END])
    PAGE.write_text(before + table + after, "utf-8")


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Machine: {os.cpu_count()} cores of {_processor()}, {memory:.0f} GB, Linux"
        f" {platform.release()}, Python {platform.python_version()}."
        f" Others kept {os.getloadavg()[2]:.1f} of its cores busy in the last quarter of an hour,"
        " ourselves included."
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _table(rows: Rows) -> Iterator[str]:
    yield "| what | ours | peer | ours ÷ peer | better |"
    yield "|---|---:|---:|---:|---|"
    for name, row in rows.items():
        value, peer = (f"{_short(row[key])} {row['unit']}" for key in ("value", "peer_value"))
        peer += f": {row['peer']}"
        yield f"| `{name}` | {value} | {peer} | {row['ratio']:.2f} | {row['better']} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _plot(rows: Rows) -> str:
    """Two bars for each; the longer one of both is full length."""
    height = ROW * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *_legend(),
    ]
    for number, (name, row) in enumerate(rows.items()):
        parts += _bars(40 + ROW * number, name, row)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> Iterator[str]:
    words = (("Zhundian", OURS, LABEL), ("peer", PEER, LABEL + 100))
    for word, color, x in words:
        yield f'<rect x="{x}" y="10" width="12" height="12" fill="{color}"/>'
        yield f'<text x="{x + 18}" y="20" fill="{INK}">{word}</text>'


def _bars(top: int, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    said = escape(f"{name} ({row['better']} is better)")
    yield f'<text x="{LABEL - 10}" y="{top + 16}" text-anchor="end" fill="{INK}">{said}</text>'
    longest = max(row["value"], row["peer_value"])
    for offset, key, color in ((0, "value", OURS), (13, "peer_value", PEER)):
        length = (WIDTH - LABEL - 150) * row[key] / longest
        y = top + offset
        yield f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="11" fill="{color}"/>'
        text = escape(f"{_short(row[key])} {row['unit']}")
        yield f'<text x="{LABEL + length + 6:.1f}" y="{y + 10}" fill="{INK}">{text}</text>'
