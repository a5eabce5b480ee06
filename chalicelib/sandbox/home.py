"""Where scripts live, whose processes they are, and how the first of these is started."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.text import Text

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from sandbox_runner.start import main; main(int(sys.argv[2]), *sys.argv[3:])"
)
#: Nothing of the environment, the working folder or the user's own packages has a say.
FLAGS = ("-I", "-S", "-B", "-X", "utf8")


class ZygoteFailed(Exception):
    """Scripts cannot run here."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


@dataclass(frozen=True)
class Home:
    """Where scripts live: interpreter, folder of `sandbox_runner`, and their uid if not ours.

    `bundles`: the folder of the packages that they bring, if there are any.
    """

    python: str
    layer: str
    uid: int | None = None
    bundles: str = ""


def environment_for(python: str) -> dict[str, str]:
    """Nothing, but for an interpreter that may not find its own library without being told."""
    libraries = Path(python).resolve().parent.parent / "lib"
    if any(libraries.glob("libpython3*.so*")):
        # A copy has a link there.
        return {"LD_LIBRARY_PATH": str(libraries.resolve())}
    return {}


def account(home: Home) -> int:
    """The uid that scripts get; raises ZygoteFailed if that is root's."""
    uid = os.getuid() if home.uid is None else home.uid
    if uid == 0:
        raise ZygoteFailed(
            Text(
                "拒绝以 root 身份运行脚本:请用普通用户启动沙箱",
                "Scripts never run as root: start the sandbox as an ordinary user",
            )
        )
    return uid


def start(home: Home, python: str, descriptor: int, folder: str) -> subprocess.Popen[bytes]:
    """Start the zygote with `python`; it is told a descriptor and a folder for scripts.

    Raises ZygoteFailed.
    """
    try:
        return subprocess.Popen(
            [python, *FLAGS, "-c", _BOOT, home.layer, str(descriptor), folder, home.bundles],
            # What the loader looks up now, not every child has to look up again.
            env={**environment_for(home.python), "LD_BIND_NOW": "1"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(descriptor,),
            start_new_session=True,
            user=home.uid,
            group=home.uid,
            extra_groups=None if home.uid is None else [],
        )
    except OSError as error:
        raise ZygoteFailed(
            Text(
                f"沙箱解释器无法启动:{error}", f"The sandbox's interpreter does not start: {error}"
            )
        ) from None


def ask(home: Home, program: str, seconds: float) -> bytes:
    """What a program prints that is run as scripts are, but is none; raises ZygoteFailed."""
    try:
        done = subprocess.run(
            [home.python, *FLAGS, "-c", program, home.layer],
            env=environment_for(home.python),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
            user=home.uid,
            group=home.uid,
            extra_groups=None if home.uid is None else [],
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ZygoteFailed(Text(f"未能运行:{error}", f"It did not run: {error}")) from None
    return done.stdout
