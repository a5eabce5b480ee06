"""What a service is given of the world outside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.config import Settings
from chalicelib.gateways.clock import Clock
from chalicelib.gateways.launcher import Launcher
from chalicelib.gateways.queue import Queue
from chalicelib.repositories.database import Database


@dataclass(frozen=True)
class Platform:
    """Database, queue, launcher, clock and settings; built by `wiring`."""

    settings: Settings
    database: Database
    queue: Queue
    launcher: Launcher
    clock: Clock

    def now(self) -> datetime:
        return self.clock.now()
