"""The local API Gateway: paths reach the views as API Gateway's REST APIs hand them on."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator

import pytest
from chalice.app import Chalice
from werkzeug.serving import make_server

from infra.local.web import web


@pytest.fixture
def port() -> Iterator[int]:
    """Where an API of one endpoint is served: it answers the name in its path."""
    app = Chalice("echo")

    @app.route("/api/echo/{name}")
    def echo(name: str) -> dict[str, str]:
        return {"name": name}

    # Like waitress, it tells `REQUEST_URI`; unlike waitress, it closes all that it opened.
    served = web(app, {}, lambda: "", {})
    with make_server("127.0.0.1", 0, served) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/echo/a%2Fb", "a%2Fb"),
        ("/api/echo/100%25", "100%25"),
        ("/api/echo/a+b?x=1", "a+b"),
        ("/api/echo/%E6%97%A5", "%E6%97%A5"),
        ("http://localhost/api/echo/a%2Fb", "a%2Fb"),
    ],
)
def test_a_part_of_the_path_arrives_as_it_was_sent(port: int, path: str, name: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = json.loads(connection.getresponse().read())
    connection.close()

    assert answer == {"name": name}
