"""The layer of the builder function: pip in the place where Lambda's Python looks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra import script_packages

ROOT = Path(__file__).parents[2]


def test_pip_runs_from_the_layer_alone(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # docs.aws.amazon.com/lambda, "Layer paths for each Lambda runtime".
    home = tmp_path / "python" / "lib" / f"python{version}"
    home.mkdir(parents=True)

    script_packages.fill(home, ROOT / "builder_layer/requirements.txt")

    alone = ROOT / "chalicelib/builder/alone.py"
    folder = str(home / "site-packages")
    done = subprocess.run(
        [sys.executable, "-I", "-S", alone, folder, str(1 << 20), "--version"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert folder in done.stdout


def test_one_machine_and_the_layer_have_the_same_pip() -> None:
    (pin,) = [
        line
        for line in (ROOT / "builder_layer/requirements.txt").read_text("ascii").splitlines()
        if line.startswith("pip==")
    ]

    assert pin in (ROOT / "requirements-dev.txt").read_text("ascii").splitlines()
