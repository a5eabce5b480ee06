"""How a zygote begins: with a word about forks, before anything is imported that has one too."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

#: They renew locks that another thread may have held. A zygote has no other thread, and a locked
#: child makes no process; what they would touch, every child would have to have copied.
_IDLE_AFTER_FORK = ("threading", "logging")


def _sparing(register: Callable[..., None]) -> Callable[..., None]:
    def register_at_fork(**hooks: Any) -> None:
        # A module's hooks go together: one may let go of what another has taken.
        whose = {getattr(hook, "__module__", None) for hook in hooks.values()}
        if whose.isdisjoint(_IDLE_AFTER_FORK):
            register(**hooks)

    return register_at_fork


def main(descriptor: int, folder: str, bundles: str = "") -> None:
    """Become the zygote of the supervisor at the other end of `descriptor`."""
    os.register_at_fork = _sparing(os.register_at_fork)
    from sandbox_runner import zygote

    zygote.main(descriptor, folder, bundles)
