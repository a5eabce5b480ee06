"""`make package`: what deployment uploads, the same bytes from the same sources anywhere.

`chalice package` alone ships `__pycache__` (it imports `app.py`, so there is one), the modes that
files happen to have, and a package without those dependencies that it could not install. So:

1. Copy what ships to a folder of its own, without compiled files.
2. Let Chalice package that, with one umask.
3. Compare what is in the zip with what requirements.txt pins.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from chalicelib.domain.text import Text

PROJECT = Path(__file__).parents[1]
CHALICE = (sys.executable, str(Path(sysconfig.get_path("scripts"), "chalice")))
_MADE = ("sam.json", "sam.yaml", "deployment.zip")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;#]+)", re.MULTILINE)
_METADATA = re.compile(r"([^/]+)-([^/-]+)\.dist-info/METADATA")


class PackageFailed(Exception):
    """There is no package; says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.zh}\n{text.en}")


def package(
    project: Path,
    target: Path,
    environ: Mapping[str, str],
    *,
    stage: str,
    template: Path | None = None,
    chalice: Sequence[str] = CHALICE,
) -> None:
    """Put deployment.zip and the SAM template of `stage` into `target`; raises PackageFailed.

    Asks the package index alone: for AWS, a region in `environ` is enough.
    """
    with tempfile.TemporaryDirectory(prefix="zhundian-package-") as name:
        clean, made = Path(name, "project"), Path(name, "made")
        _copy(project, clean)
        words = [*chalice, "package", "--stage", stage]
        if template is not None:
            words += ["--merge-template", str(template.absolute())]
        done = subprocess.run(
            [*words, str(made)], cwd=clean, env=_environment(environ), umask=0o022, check=False
        )
        if done.returncode != 0:
            raise PackageFailed(
                Text("打包失败:原因见上方 Chalice 的输出", "No package: Chalice says above why")
            )
        check(made / "deployment.zip", (project / "requirements.txt").read_text("utf-8"))
        target.mkdir(parents=True, exist_ok=True)
        for file in _MADE:
            (target / file).unlink(missing_ok=True)
            if (made / file).exists():
                shutil.move(made / file, target)


def check(archive: Path, requirements: str) -> None:
    """Raise PackageFailed unless the zip holds exactly the packages that are pinned."""
    with zipfile.ZipFile(archive) as opened:
        found = [_METADATA.fullmatch(name) for name in opened.namelist()]
    shipped = {(_plain(match[1]), match[2]) for match in found if match}
    pinned = {(_plain(name), version) for name, version in _PIN.findall(requirements)}
    if shipped == pinned:
        return
    lacking, extra = (
        "、".join(map("==".join, sorted(s))) for s in (pinned - shipped, shipped - pinned)
    )
    raise PackageFailed(
        Text(
            f"安装包与 requirements.txt 不符。缺少:{lacking or '无'};多出:{extra or '无'}",
            f"The package differs from requirements.txt. Missing: {lacking or 'none'};"
            f" not pinned there: {extra or 'none'}",
        )
    )


def _plain(name: str) -> str:
    """A package's name as the name normalization specification of PyPA compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy(project: Path, clean: Path) -> None:
    without = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(project / "chalicelib", clean / "chalicelib", ignore=without)
    (clean / ".chalice").mkdir()
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(project / name, clean / name)
    for path in clean.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        "AWS_DEFAULT_REGION": "us-east-1",
        **environ,
        # Chalice makes a client to learn the region's name, which would look for an account at
        # 169.254.169.254 (botocore, InstanceMetadataProvider).
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="make package")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--merge-template", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    environ = dict(os.environ)  # noqa: TID251 - handed on, not read
    try:
        package(PROJECT, given.target, environ, stage=given.stage, template=given.merge_template)
    except PackageFailed as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
