"""Builds the Platform that services are given."""

from __future__ import annotations

import functools

from chalicelib.config import read_settings
from chalicelib.gateways.builder import LambdaBuilder, NoBuilder
from chalicelib.gateways.bundles import bundles_from
from chalicelib.gateways.clock import SystemClock
from chalicelib.gateways.launcher import LambdaLauncher
from chalicelib.gateways.queue import NoQueue, SqsQueue
from chalicelib.repositories.database import Database
from chalicelib.services.platform import Platform

_installed: list[Platform] = []


def platform() -> Platform:
    """The Platform of this process: the one installed, or the one that its settings describe.

    Built at the first use, since packaging imports `app.py` where there are no settings.
    """
    return _installed[-1] if _installed else _from_settings()


def install(given: Platform) -> None:
    """Use this Platform from now on: on one machine queue and launcher are in this process."""
    _installed[:] = [given]


@functools.cache
def _from_settings() -> Platform:
    settings = read_settings()
    return Platform(
        settings=settings,
        database=Database(settings.database_url),
        queue=SqsQueue(settings.runs_queue_url) if settings.runs_queue_url else NoQueue(),
        launcher=LambdaLauncher(settings.sandbox_function),
        clock=SystemClock(),
        builder=(
            LambdaBuilder(settings.builder_function) if settings.builder_function else NoBuilder()
        ),
        bundles=bundles_from(settings),
    )
