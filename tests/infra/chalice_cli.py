"""Chalice's own command as a child process that notes every host it tries to reach."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

#: What `.venv/bin/chalice` does, after a hook that no library of the process can get round.
_COMMAND = """
import json, os, sys

notes = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = args[0] if event == "socket.getaddrinfo" else args[1]
        host = address[0] if isinstance(address, tuple) else address
        os.write(notes, json.dumps(str(host)).encode() + b"\\n")

sys.addaudithook(note)
from chalice.cli import main
sys.exit(main())
"""


def chalice(notes: Path) -> list[str]:
    """The command line of `chalice`; processes that it starts are not noted."""
    return [sys.executable, "-c", _COMMAND, str(notes)]


def hosts(notes: Path) -> set[str]:
    """The names, addresses and paths that it looked up or connected to."""
    return {json.loads(line) for line in notes.read_text().splitlines()}


def environment(**given: str) -> dict[str, str]:
    """This process's own environment without any of our settings, or an account of AWS."""
    ours = ("AWS_", "DATABASE_URL", "RUNS_", "SANDBOX_", "BROKER_", "EGRESS_", "PUBLIC_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # Not even the files in which a developer keeps one.
    without = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**inherited, **without, **given}
