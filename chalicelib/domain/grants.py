"""Whether a database account can do nothing but read, by what SHOW GRANTS says of it.

Whatever is not known to be harmless is refused: roles too, as a statement may switch to one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.text import Text

#: Schemas that hold passwords, or other people's statements.
SYSTEM_SCHEMAS = ("mysql", "performance_schema", "sys")

_NAME = r'(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"|[\w$]+)'
_RIGHT = rf"(?:USAGE|SELECT|SHOW VIEW)(?: \({_NAME}(?:, ?{_NAME})*\))?"
_LINE = re.compile(
    rf"GRANT ({_RIGHT}(?:, ?{_RIGHT})*) ON (?:TABLE )?(\*|{_NAME})\.(\*|{_NAME}) TO (.*)", re.DOTALL
)
#: Columns of what the two statements return; no statement can name or use them otherwise.
_TELLS_HASH = ("Grants for ", "CREATE USER for ")
_TO = re.compile(r" (?:TO|FROM) ")


def shown(line: str) -> str:
    """A line without the account, and without the hash of its password that some servers add."""
    return _TO.split(line, maxsplit=1)[0]


def without_hash(column: str, value: object) -> object:
    """A value that a statement returned, without the hash of the account's own password, which
    MariaDB's SHOW GRANTS, and SHOW CREATE USER everywhere, tell it: a short one could be guessed.
    """
    if isinstance(value, str) and column.startswith(_TELLS_HASH):
        return value.partition(" IDENTIFIED ")[0]
    return value


def faults(lines: Sequence[str]) -> list[str]:
    """Those of the lines of SHOW GRANTS that give more than reading, as they may be shown.

    Reading is SELECT and SHOW VIEW on schemas, tables, views or columns by name, outside the
    server's own schemas.
    """
    return [shown(line) for line in lines if not _is_harmless(line)]


def _is_harmless(line: str) -> bool:
    match = _LINE.fullmatch(line.strip())
    if match is None or "GRANT OPTION" in match[4].upper():
        return False
    rights, schema, table = match[1], match[2], match[3]
    if schema == "*":
        return rights == "USAGE"
    return not any(_covers(_bare(schema), table, system) for system in SYSTEM_SCHEMAS)


def _bare(name: str) -> str:
    quote = name[0]
    return name[1:-1].replace(quote * 2, quote) if quote in '`"' else name


def _covers(schema: str, table: str, name: str) -> bool:
    """Whether a grant on `schema` is one on `name`; for all its tables it may be a pattern."""
    if table != "*":
        return schema.lower() == name
    pieces = (_piece(piece) for piece in re.findall(r"\\.|.", schema, re.DOTALL))
    return bool(re.fullmatch("".join(pieces), name, re.IGNORECASE))


def _piece(piece: str) -> str:
    if piece in ("%", "_"):
        return ".*" if piece == "%" else "."
    return re.escape(piece[-1])


def too_much(found: Sequence[str]) -> Text:
    """What to say of an account with these faults."""
    listed = "; ".join(found[:5])
    return Text(
        f"该账号的权限不止只读: {listed}。请改用只有 SELECT 权限的专用账号,例如 "
        "GRANT SELECT ON `库名`.* TO …(不要授予 *.*、角色或系统库)",
        f"this account may do more than read: {listed}. Use one that has SELECT alone, as by "
        "GRANT SELECT ON `database`.* TO … (not on *.*, no roles, no system schemas)",
    )


def sees_platform(tables: Sequence[str]) -> Text:
    """What to say of an account that can read tables of a platform."""
    listed = ", ".join(tables[:5])
    return Text(
        f"该账号能读取平台自身的表: {listed}。请只授权业务库,或逐表授权、另建视图",
        f"this account can read a platform's own tables: {listed}. Grant it other databases, "
        "single tables, or views in a database of their own",
    )
