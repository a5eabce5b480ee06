"""Why a private database cannot be used, in the words that whoever ran `make` reads."""

from __future__ import annotations

from pathlib import Path

from chalicelib.domain.text import Text


class DatabaseFailed(Exception):
    """The server did not start; says why, with the last lines of its log."""

    def __init__(self, text: Text, log: str = "") -> None:
        super().__init__(f"{text.zh}\n{text.en}\n{log}".rstrip())
        self.text = text


def did_not_start(folder: Path) -> Text:
    return Text(
        zh=f"数据库未能启动(数据目录:{folder})。它最后的日志如下:",
        en=f"The database on {folder} did not start. The last lines of its log:",
    )


def may_not_enter(uid: int, folder: Path) -> Text:
    return Text(
        zh=f"数据库以用户 {uid} 运行,但它无法进入 {folder}:请对它的各级上级目录执行 chmod o+x",
        en=f"The database runs as uid {uid}, which cannot enter {folder}:"
        " give its parent folders `chmod o+x`",
    )


def not_ours(folder: Path) -> Text:
    return Text(
        zh=f"无法使用数据目录 {folder}:它正被另一个进程使用,或属于另一个用户。"
        "请先停掉那个进程,或换成那个用户,或用 DATA= 另选一个目录",
        en=f"The data folder {folder} is in use by another run, or belongs to another user:"
        " stop that run, be that user, or choose another folder with DATA=",
    )
