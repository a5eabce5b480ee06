"""asyncio where no descriptor can be opened: a loop that polls nothing and starts no thread."""

from __future__ import annotations

import resource
import selectors
from collections.abc import Callable
from typing import Any


def change(asyncio: Any) -> None:
    """Have `asyncio.run` make a loop that the process can afford."""
    ordinary, bare = asyncio.SelectorEventLoop, _bare_loop(asyncio)

    def make() -> Any:
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return bare() if descriptors == 0 else ordinary()

    asyncio.DefaultEventLoopPolicy._loop_factory = staticmethod(make)


def _bare_loop(asyncio: Any) -> type:
    class BareLoop(asyncio.SelectorEventLoop):  # type: ignore[misc]
        """Timers and tasks work; `to_thread` works too, but nothing else runs meanwhile."""

        _csock = _ssock = None

        def __init__(self) -> None:
            super().__init__(selectors.PollSelector())

        def _make_self_pipe(self) -> None:
            """It wakes a loop from other threads, and there are none."""

        def _close_self_pipe(self) -> None:
            """There is none."""

        def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
            done = self.create_future()
            try:
                done.set_result(func(*args))
            except Exception as error:
                done.set_exception(error)
            return done

    return BareLoop
