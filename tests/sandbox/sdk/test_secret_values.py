"""`get_secret`: what a script gets, and that nothing which it leaves behind shows it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.services import secrets
from tests.sandbox.sdk.house import House
from tests.services.rows import ADMIN, make_channel

VALUE = "pa55-w0rd/密+码"


def make(house: House, **fields: Any) -> None:
    spec = {"secret_key": "token", "value": VALUE, **fields}
    secrets.create_secret(house.platform, ADMIN, spec)


def test_a_script_gets_the_value_and_its_log_does_not(house: House) -> None:
    make(house, tenant_id="acme")

    log = house.run(
        """
value = get_secret('token')
print('value:', value, end='.')
log(value)
for char in value:
    print(char, end='')
print()
import sys, urllib.parse
sys.stdout.buffer.write(value.encode()[:9]); sys.stdout.buffer.write(value.encode()[9:])
print(base64.b64encode(('user:' + value).encode()).decode())
print(urllib.parse.urlencode({'t': value}), json.dumps(value), repr(value))
result = {'title': value, value: [value + '!'], 'length': len(value), 'is': value == get_param('v')}
""",
        {"v": VALUE},
        tenant_id="acme",
    )

    assert log.result == {
        "title": "******",
        "******": ["******!"],
        "length": len(VALUE),
        "is": True,
    }
    lines = log.output.splitlines()
    assert lines[0].startswith("value: ******.[")
    assert lines[0].endswith("] ******")
    assert lines[1] == "******"
    assert lines[2].startswith("******")
    assert "dXNlcjp" in lines[2]
    assert lines[3] == "t=****** \"******\" '******'"
    assert all(part not in log.output for part in ("pa55", "w0rd", "cGE1NS"))


def test_an_error_does_not_show_it_in_words_or_lines(house: House) -> None:
    make(house)

    log = house.run("token = get_secret('token')\nraise ValueError(f'wrong: {token}', [token])")

    assert "ValueError: ('wrong: ******', ['******'])" in log.error
    assert "pa55" not in log.error + str(log.fields)


@pytest.mark.parametrize("ending", ["exit(VALUE)", "{}[VALUE]", "print(VALUE[:-1], end='')"])
def test_no_way_to_end_shows_it(house: House, ending: str) -> None:
    make(house)

    log = house.run("VALUE = get_secret('token')\n" + ending)

    assert "******" in str(log.fields)
    assert "w0rd" not in str(log.fields)


def test_a_message_and_its_receipt_do_not_show_it(house: House) -> None:
    make(house)
    url = f"{house.web.url}/robot/send?access_token=team"
    channel = make_channel(house.platform, webhook_url=url)

    log = house.run(
        "result = {'title': 'x', 'content': 'token ' + get_secret('token')}",
        notify_channels=[channel],
    )

    (delivery,) = log.fields["deliveries"]
    assert "******" in str(delivery["payload"])
    assert "pa55" not in str(log.fields)
    assert b"pa55" not in b"".join(one.body for one in house.web.got)


def test_another_tenants_secret_is_as_if_it_were_not_there(house: House) -> None:
    make(house, tenant_id="acme")
    script = """
try:
    get_secret(get_param('key'))
except CallFailed as error:
    result = [error.kind, str(error)]
"""

    theirs = house.run(script, {"key": "token"}, tenant_id="umbrella").result
    none = house.run(script, {"key": "gone"}, tenant_id="umbrella").result

    assert theirs[0] == none[0] == "not_found"
    assert theirs[1].replace("token", "gone") == none[1]
    assert "there is no secret token" in theirs[1]


def test_a_wrong_name_is_told_so(house: House) -> None:
    assert "letters, digits" in house.run("get_secret('a b')").error
    assert "letters, digits" in house.run("get_secret(None)").error
    assert "TypeError" in house.run("get_secret()").error


def test_the_next_run_of_a_warm_sandbox_has_nothing_to_hide(house: House) -> None:
    make(house, value="a-common-word")
    house.run("get_secret('token')")

    assert house.run("print('a-common-word')").output == "a-common-word\n"
