"""What is around a run, before it and after: a difference is mended, or ends the environment."""

from __future__ import annotations

import os

from chalicelib.sandbox.leftovers import Belongings
from chalicelib.sandbox.state import State
from chalicelib.sandbox.zygote import Unclean, Zygote


class Surroundings:
    """A look at supervisor, zygote and account before a run.

    `sweeps`: the script can leave things outside its process, and its account is its own.
    """

    def __init__(self, zygote: Zygote, sweeps: bool) -> None:
        self.sweeps = sweeps
        self._zygote = zygote
        self._ours = State.of(os.getpid())
        # Under the kernel's lock a script has no call that could reach the zygote.
        self._theirs = State.of(zygote.pid) if zygote.regime != "kernel" else None
        #: What the account had, where that is the sandbox's to know.
        self.belongings = Belongings.of(zygote.uid) if sweeps else None

    def restore(self) -> bool:
        """Remove what the run left; False if the zygote must go.

        Raises Unclean if this process, or what the account had, is not what it was.
        """
        if State.of(os.getpid()) != self._ours:
            raise Unclean("a script changed the limits or signals of this process")
        if self.belongings is not None and not self.belongings.restore():
            raise Unclean("a script changed files of its account")
        if not self._zygote.is_intact:
            raise Unclean("a script changed the interpreter")
        return self._theirs is None or State.of(self._zygote.pid) == self._theirs
