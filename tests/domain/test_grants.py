"""What SHOW GRANTS may say of an account that scripts read with."""

from __future__ import annotations

import pytest

from chalicelib.domain.grants import faults, without_hash

TO = " TO `reader`@`%`"


@pytest.mark.parametrize(
    "line",
    [
        "GRANT USAGE ON *.*",
        "GRANT SELECT ON `shop`.*",
        "GRANT SELECT, SHOW VIEW ON `shop`.*",
        "GRANT SELECT ON `shop`.`orders`",
        "GRANT SELECT (`id`, `city`), SHOW VIEW ON `shop`.`orders`",
        "GRANT SELECT (id, city) ON `shop`.`orders`",
        "GRANT SELECT ON `shop\\_%`.*",
        'GRANT SELECT ON "shop".*',
        "GRANT SELECT ON `a``b TO c`.*",
        # Not a pattern, as it is of one table.
        "GRANT SELECT ON `m_sql`.`orders`",
    ],
)
def test_reading_is_harmless(line: str) -> None:
    assert faults([line + TO]) == []
    assert faults([line + TO + " REQUIRE SSL"]) == []


@pytest.mark.parametrize(
    "line",
    [
        "GRANT SELECT ON *.*",
        "GRANT USAGE, SELECT ON *.*",
        "GRANT PROCESS ON *.*",
        "GRANT FILE ON *.*",
        "GRANT ALL PRIVILEGES ON `shop`.*",
        "GRANT SELECT, INSERT ON `shop`.*",
        "GRANT INSERT, SELECT ON `shop`.*",
        "GRANT SELECT, UPDATE (`city`) ON `shop`.`orders`",
        "GRANT EXECUTE ON FUNCTION `shop`.`f`",
        "GRANT LOCK TABLES ON `shop`.*",
        "GRANT SELECT ON `mysql`.*",
        "GRANT SELECT ON `MYSQL`.`user`",
        "GRANT SELECT ON `m_sql`.*",
        "GRANT SELECT ON `%`.*",
        "GRANT SELECT ON `perf%`.*",
        "GRANT SELECT ON `sys`.*",
        "GRANT `writer`@`%`",
        "GRANT PROXY ON ''@''",
        "GRANT SELECT",
        "GRANT APPLICATION_PASSWORD_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.*",
        "REVOKE SELECT ON `mysql`.*",
        "",
        "no line that we know",
    ],
)
def test_whatever_else_is_not(line: str) -> None:
    assert faults([line + TO])


def test_the_right_to_hand_on_is_not() -> None:
    assert faults([f"GRANT SELECT ON `shop`.*{TO} WITH GRANT OPTION"])


def test_what_is_shown_names_no_account_and_no_hash() -> None:
    line = "GRANT FILE ON *.* TO `reader`@`10.0.0.1` IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2'"

    assert faults([line]) == ["GRANT FILE ON *.*"]


def test_what_shows_an_account_is_told_without_the_hash_of_its_password() -> None:
    made = "CREATE USER `a`@`b` IDENTIFIED WITH 'mysql_native_password' AS '*6FA8' REQUIRE NONE"

    assert without_hash("CREATE USER for a@b", made) == "CREATE USER `a`@`b`"
    assert without_hash("note", made) == made
    assert without_hash("Grants for a@b", None) is None
