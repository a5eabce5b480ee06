"""The module's documentation: one structure in two languages, and true to schema and API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.domain.errors import Wrong
from chalicelib.domain.messages import render
from chalicelib.repositories.database import connect
from tests.pages import CHINESE, ENGLISH, ROOT, blocks, headings, rows, scripts, sections, text_of

#: The chapters, as the product document lists them.
CHAPTERS = [
    *("功能概述", "核心能力", "数据库表", "后端文件结构", "脚本 SDK 文档"),
    *("消息格式(result 变量)", "API 端点", "前端文件", "示例脚本", "部署信息"),
]
#: Tables of which every column is told.
WHOLE = ("platform_scheduled_tasks", "platform_task_notify_channels", "platform_task_logs")
PREFIXES = ("/api/scheduled-tasks", "/api/notification-channels")
PAGES = pytest.mark.parametrize("page", [CHINESE, ENGLISH], ids=["zh", "en"])


def test_the_chapters_are_those_of_the_product_document() -> None:
    found = [title for level, title in headings(text_of(CHINESE)) if level == 2]

    assert found == CHAPTERS


def test_both_languages_have_the_same_structure() -> None:
    chinese, english = text_of(CHINESE), text_of(ENGLISH)

    assert [level for level, _ in headings(chinese)] == [level for level, _ in headings(english)]
    assert blocks(chinese) == blocks(english)
    parts = [list(map(rows, sections(text).values())) for text in (chinese, english)]
    assert [len(table) for table in parts[0]] == [len(table) for table in parts[1]]
    # What stands in code is the same in both: names, types, paths.
    code = [re.findall("^\\| `([^`]+)` \\|", text, re.MULTILINE) for text in (chinese, english)]
    assert code[0] == code[1]


def schema(url: str) -> dict[str, list[list[str]]]:
    """Table → its columns: name, and type as the page writes it."""
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name, column_name, column_type, is_nullable"
                " FROM information_schema.columns WHERE table_schema = DATABASE()"
                " ORDER BY table_name, ordinal_position"
            )
            found: dict[str, list[list[str]]] = {}
            for table, column, kind, nullable in cursor.fetchall():
                told = plain(kind) + ("" if nullable == "YES" else " NOT NULL")
                found.setdefault(table, []).append([column, told])
            return found
    finally:
        connection.close()


def plain(kind: str) -> str:
    """A type in one spelling: MariaDB has widths, and keeps JSON as text."""
    kind = re.sub(r"^(int|bigint)\(\d+\)", r"\1", kind)
    if kind in ("longtext", "json"):
        return "JSON"
    name, bracket, rest = kind.partition("(")
    return name.upper() + bracket + rest


@PAGES
def test_tables_are_those_of_the_database(migrated_database: str, page: Path) -> None:
    found = schema(migrated_database)
    told = {
        title.partition("(")[0].strip(): [row[:2] for row in rows(section)]
        for title, section in sections(text_of(page)).items()
        if title.startswith("platform_")
    }
    titles = {CHINESE: "其他表", ENGLISH: "Other tables"}
    others = [row[0] for row in rows(sections(text_of(page))[titles[page]])]

    assert told == {table: found[table] for table in WHOLE}
    assert sorted([*WHOLE, *others]) == sorted(found)


def endpoints(page: Path) -> set[tuple[str, str]]:
    """Method and path of each endpoint that a page tells of."""
    rows = re.findall(r"^\| (\w+) \| `(/api/\S+)` \|", text_of(page), re.MULTILINE)
    return {(method, path) for method, path in rows if path.startswith(PREFIXES)}


@PAGES
def test_endpoints_are_those_of_the_api(page: Path) -> None:
    """`docs/api.md` has all that are served, as tests/test_docs.py says."""
    assert endpoints(page) == endpoints(ROOT / "docs/api.md")


def rendered(script: str, channel_type: str) -> str:
    """The type of message that the result of a script becomes; `—` if it is refused."""
    names: dict[str, object] = {}
    exec(script, names)
    try:
        (payload,) = render(names["result"], channel_type, "通知").payloads
    except Wrong:
        return "—"
    kind: str = payload["msgtype"]
    return kind


@PAGES
def test_messages_become_what_the_page_says(page: Path) -> None:
    text = text_of(page)
    (table,) = [
        section
        for title, section in sections(text).items()
        if title in ("消息格式(result 变量)", "Message formats (the variable result)")
    ]
    examples = scripts(text)

    for title, dingtalk, wecom in rows(table):
        became = [rendered(examples[title], kind) for kind in ("dingtalk_bot", "wecom_bot")]
        assert became == [dingtalk, wecom], title
