"""`db_query` in a script: its tenant's rows and no others, as Python values, within limits."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services import data_sources, script_tests
from tests.accounts import Accounts
from tests.sandbox.sdk.house import House
from tests.services.rows import ADMIN


@pytest.fixture(scope="module")
def dsn(accounts: Accounts) -> str:
    return accounts.reader()


def give(house: House, dsn: str, tenant_id: str | None = None) -> None:
    sent: dict[str, Any] = {"name": "shop", "tenant_id": tenant_id, "dsn": dsn}
    data_sources.create_data_source(house.platform, ADMIN, sent)


def test_rows_are_dicts_of_python_values(house: House, dsn: str) -> None:
    give(house, dsn)

    log = house.run("""
rows = db_query('SELECT * FROM orders WHERE id IN %s ORDER BY id', [[1, 2]])
one = rows[0]
result = [len(rows), list(one), one['city'], str(one['amount'] + 1), one['made'].isoformat(),
          str(one['day']), one['took'].total_seconds(), one['raw'].hex(), json.loads(one['doc']),
          one['big'], rows[1]['amount']]
""")

    names = ["id", "city", "amount", "day", "made", "took", "raw", "doc", "ratio", "big", "flags"]
    assert log.result == [
        2,
        names,
        "上海 🎉",
        "1234567890123457.7891",
        "2026-11-23T08:05:00.000001",
        "2026-11-23",
        -93784.5,
        "00ff27",
        {"a": [1]},
        18446744073709551615,
        None,
    ]


def test_parameters_and_percent_signs(house: House, dsn: str) -> None:
    give(house, dsn)

    log = house.run("""
hostile = "'; DROP TABLE orders -- %s"
result = [
    db_query('SELECT %(a)s AS a, %(b)s AS b', {'a': hostile, 'b': datetime(2026, 1, 2)}),
    db_query("SELECT id FROM orders WHERE city LIKE '上%'"),
    db_query("SELECT id FROM orders WHERE city LIKE '上%%' AND id = %s", (1,)),
    db_query('SELECT id FROM orders WHERE id = 9'),
]
result[0][0]['b'] = str(result[0][0]['b'])
""")

    hostile = "'; DROP TABLE orders -- %s"
    assert log.result[0][0]["a"] == hostile
    assert log.result[1:] == [[{"id": 1}], [{"id": 1}], []]


def test_each_tenant_reads_its_own_and_no_other(house: House, accounts: Accounts) -> None:
    """Nor the platform's, and the platform's tasks no tenant's."""
    owners = (None, "acme", "umbrella")
    names = {}
    for owner in owners:
        dsn = accounts.reader()
        give(house, dsn, owner)
        names[owner] = dsn.partition("?")[0].rpartition("/")[2]
    script = """
result = [db_query('SELECT DATABASE() AS d')[0]['d']]
for name in get_param('names'):
    try:
        db_query(f'SELECT * FROM `{name}`.orders')
        result.append(name)
    except CallFailed as error:
        assert error.kind == 'database' and 'denied' in str(error), error
"""

    for owner in owners:
        found = house.run(script, {"names": list(names.values())}, tenant_id=owner).result
        assert found == [names[owner]] * 2


def test_without_a_data_source_the_author_learns_who_adds_one(house: House, dsn: str) -> None:
    give(house, dsn, "umbrella")
    script = """
try:
    db_query('SELECT 1')
except CallFailed as error:
    result = [error.kind, str(error)]
"""

    for owner in ("acme", None):
        kind, words = house.run(script, tenant_id=owner).result
        assert kind == "no_data_source"
        assert "administrator" in words
        assert "管理员" in words


def test_the_platforms_own_tables_are_out_of_reach(house: House, dsn: str) -> None:
    give(house, dsn)
    with house.platform.database.transaction() as tx:
        (row,) = tx.all("SELECT DATABASE() AS d")

    script = "db_query(f\"SELECT * FROM `{get_param('d')}`.platform_api_keys\")"
    log = house.run(script, {"d": row["d"]})

    assert "denied" in log.error


def test_an_error_has_the_servers_words_and_not_the_account(house: House, dsn: str) -> None:
    give(house, dsn)

    log = house.run("db_query('SELECT nothing FROM orders')")

    assert "Unknown column 'nothing'" in log.error
    assert "1054" in log.error
    refused = house.run("db_query('INSERT INTO orders (id) VALUES (7)')").error
    assert "INSERT command denied" in refused
    assert "reader_" not in log.error + refused


def test_a_query_ends_before_its_run_and_says_so(house: House, dsn: str) -> None:
    give(house, dsn)

    log = house.run(
        """
try:
    db_query('SELECT SLEEP(1000)')
except CallFailed as error:
    result = [error.kind, str(error)]
""",
        timeout_seconds=3,
    )

    kind, words = log.result
    assert kind == "timeout"
    assert "longer than 1.9" in words or "longer than 2" in words


def test_too_many_rows_are_an_error_and_not_cut_off(house: House, dsn: str) -> None:
    give(house, dsn)

    log = house.run("""
try:
    db_query('SELECT 1 FROM numbers a, numbers b, numbers c, numbers d, numbers e')
except CallFailed as error:
    kind = error.kind
result = [kind, len(db_query('SELECT 1 FROM numbers a, numbers b, numbers c, numbers d'))]
""")

    assert log.result == ["too_large", 10000]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("db_query()", "TypeError"),
        ("db_query(5)", "sql must be text"),
        ("db_query('SELECT %s', 'text')", "params must be a list or tuple"),
        ("db_query('SELECT %s', [object()])", "params cannot hold a object"),
        ("db_query('SELECT %s, %s', [1])", "placeholders and params differ"),
        ("db_query('SELECT %s', [float('nan')])", "cannot take"),
        ("db_query('SELECT ' + '1' * 2000000)", "at most 1 MB"),
        ("db_query('SELECT %s', [[[[[[1]]]]]])", "params must be"),
    ],
)
def test_wrong_arguments_are_told(house: House, dsn: str, call: str, said: str) -> None:
    give(house, dsn)

    assert said in house.run(call).error


def test_a_test_run_reads_too(house: House, dsn: str) -> None:
    """Reading changes nothing, so it is not captured as other functions are."""
    give(house, dsn, "acme")
    sent = {"tenant_id": "acme", "script_content": "result = db_query('SELECT 1 AS a')"}

    # Nobody is at work yet, so the answer is the log to look at later.
    _, later = script_tests.test_script(house.platform, ADMIN, sent)
    house.work()

    assert house.log(later["log_id"]).result == [{"a": 1}]
