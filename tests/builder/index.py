"""A package index on loopback (PEP 503) and wheels made by hand, good ones and hostile ones."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from werkzeug.wrappers import Request, Response

from tests.loopback import serving


def wheel(
    name: str,
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    *,
    needs: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    links: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of a wheel; `links`: entries that are symbolic links, and where to."""
    stem = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    for extra, extra_needs in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {need}; extra == "{extra}"' for need in extra_needs]
    default = {f"{name}/__init__.py": f"NAME, VERSION = {name!r}, {version!r}\n"}
    entries = {
        **(default if files is None else files),
        f"{stem}/METADATA": "\n".join(lines) + "\n",
        f"{stem}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}/RECORD": "",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in entries.items():
            archive.writestr(path, content)
        for path, target in (links or {}).items():
            info = zipfile.ZipInfo(path)
            info.create_system = 3
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
    return made.getvalue()


def sdist(name: str, version: str = "1.0", does: Path | None = None) -> bytes:
    """The bytes of a source distribution whose `setup.py` writes the file `does`, if it runs."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path, text in {
            "setup.py": f"open({str(does)!r}, 'w').close()\n",
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        }.items():
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


@dataclass
class Index:
    """What is published; `asked` are the paths that were fetched."""

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    #: File names whose hash on the index is another file's.
    forged: set[str] = field(default_factory=set)
    #: By file name: the versions of Python that it is for.
    needs_python: dict[str, str] = field(default_factory=dict)
    #: What every answer is instead, if not 0.
    broken: int = 0
    asked: list[str] = field(default_factory=list)

    def publish(self, name: str, version: str = "1.0", *args: object, **fields: object) -> None:
        """A wheel in pure Python."""
        content = wheel(name, version, *args, **fields)  # type: ignore[arg-type]
        self.put(name, f"{name}-{version}-py3-none-any.whl", content)

    def put(self, name: str, file: str, content: bytes) -> None:
        self.files.setdefault(name.replace("_", "-").lower(), {})[file] = content

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if self.broken:
            return Response("out of order", status=self.broken)
        _, kind, name, *rest = request.path.split("/")
        published = self.files.get(name)
        if published is None:
            return Response("no such project", status=404)
        if kind == "simple":
            page = "".join(self._anchor(name, file) for file in published)
            return Response(page, mimetype="text/html")
        content = published[rest[0]]
        return Response(content, mimetype="application/octet-stream")

    def _anchor(self, name: str, file: str) -> str:
        content = b"another file" if file in self.forged else self.files[name][file]
        digest = hashlib.sha256(content).hexdigest()
        python = escape(self.needs_python.get(file, ">=3"))
        link = f"/files/{name}/{file}#sha256={digest}"
        return f'<a href="{link}" data-requires-python="{python}">{file}</a>\n'


@contextmanager
def serving_index() -> Iterator[Index]:
    index = Index()
    with serving(index) as origin:
        index.url = f"{origin}/simple/"
        yield index
