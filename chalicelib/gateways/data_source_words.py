"""What went wrong with a data source, in words for a script's author."""

from __future__ import annotations

import re
from typing import Literal

import pymysql
from pymysql.constants import ER

from chalicelib.domain.text import Text

Kind = Literal["connect", "database", "refused", "timeout", "too_large"]
#: The server's own limits of time: MySQL's and MariaDB's (error references).
_TOO_LONG = (3024, 1969)
_ACCOUNT = re.compile(r"'[^']*'@'[^']*'")


class DataSourceFailed(Exception):
    """The data source gives no answer. The words hold no user or password, and no address but
    where `kind` is `refused`, which is for administrators."""

    def __init__(self, kind: Kind, text: Text) -> None:
        super().__init__(str(text))
        self.kind = kind
        self.text = text


def failed(error: Exception) -> DataSourceFailed:
    """The server's own words, which tell an author what is wrong, less the account."""
    code = _code(error)
    if isinstance(error, UnicodeError):
        # Types that are newer than the driver arrive so.
        text = Text(
            "结果中有无法读取的列,请在 SQL 中转换,例如 HEX(列) 或 CAST(列 AS CHAR)",
            "a column of the result cannot be read; convert it in SQL, as by HEX(column) or"
            " CAST(column AS CHAR)",
        )
        return DataSourceFailed("database", text)
    if code is None:
        text = Text("与数据源的连接中断", "the connection to the data source broke off")
        return DataSourceFailed("connect", text)
    words = _ACCOUNT.sub("***", str(error.args[1]))
    zh, en = f"数据库错误 {code}: {words}", f"MySQL error {code}: {words}"
    if code == ER.PARSE_ERROR:
        zh, en = f"{zh}(每次只能执行一条语句)", f"{en} (there may be one statement only)"
    return DataSourceFailed("timeout" if code in _TOO_LONG else "database", Text(zh, en))


def no_login(error: Exception) -> DataSourceFailed:
    """A login's words quote address and user, so its code has to do."""
    code = _code(error)
    if code in (None, ER.HANDSHAKE_ERROR):
        text = Text(
            "与数据源的连接中断或 TLS 握手失败;服务器不支持 TLS 时在 DSN 中写 tls=off,"
            "证书不受信任时提供 tls_ca",
            "the data source hung up, or the TLS handshake failed; for a server without TLS the"
            " DSN says tls=off, for a certificate of its own there is tls_ca",
        )
        return DataSourceFailed("connect", text)
    text = Text(
        f"登录数据源失败(MySQL {code}),请检查用户、密码和数据库名",
        f"the data source let us not in (MySQL {code}); check user, password and database",
    )
    return DataSourceFailed("connect", text)


def unreachable() -> DataSourceFailed:
    text = Text(
        "无法连接数据源,请检查主机、端口和防火墙",
        "the data source cannot be reached; check host, port and firewalls",
    )
    return DataSourceFailed("connect", text)


def no_answer() -> DataSourceFailed:
    text = Text("数据源没有及时响应", "the data source did not answer in time")
    return DataSourceFailed("timeout", text)


def too_late(seconds: float) -> DataSourceFailed:
    text = Text(
        f"查询超过 {seconds:.3g} 秒,已中止;请缩小范围或使用索引",
        f"the query took longer than {seconds:.3g} s and was ended; narrow it, or use an index",
    )
    return DataSourceFailed("timeout", text)


def too_large(rows: int, size: int) -> DataSourceFailed:
    """`size`: the bytes that there may be."""
    most = f"{size / 1024 / 1024:g} MB"
    text = Text(
        f"查询结果超过 {rows} 行或 {most},请加 LIMIT、减少列,或在 SQL 中汇总",
        f"the query returns more than {rows} rows or {most}; add LIMIT, name fewer columns, or"
        " sum up in SQL",
    )
    return DataSourceFailed("too_large", text)


def no_rows() -> DataSourceFailed:
    text = Text(
        "该语句不是返回结果的查询;db_query 只用于查询,且每次查询使用单独的连接,不保留变量、"
        "事务和锁",
        "the statement is no query that returns rows; db_query is for reading, and each has a"
        " connection of its own, with which variables, transactions and locks end",
    )
    return DataSourceFailed("database", text)


def _code(error: Exception) -> int | None:
    """The server's; the driver's own errors (2000 to 2999, or none) tell of the connection."""
    if not isinstance(error, pymysql.err.Error) or len(error.args) < 2:
        return None
    code = error.args[0]
    return code if isinstance(code, int) and code >= 1000 and code // 1000 != 2 else None
