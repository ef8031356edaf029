"""What is asked of an Airflow that fails for a while: again, and never twice the same."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from local.rest import AirflowRest


def served(statuses: list[int]) -> tuple[HTTPServer, list[str]]:
    """An API server that answers with these statuses, and the ids of the runs that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["dag_run_id"])
            self.send_response(statuses[len(asked) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


@pytest.mark.parametrize("statuses", [[200], [500, 200], [500, 500, 409]])
def test_a_run_is_requested_until_it_is_there_and_once_only(
    statuses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.rest.time.sleep", lambda _: None)
    server, asked = served(statuses)
    try:
        airflow = AirflowRest(f"http://127.0.0.1:{server.server_port}", user="u", password="p")
        run_id = airflow.trigger("import_contacts")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == [run_id] * len(statuses)


def test_what_is_refused_is_refused_at_once() -> None:
    server, asked = served([400])
    try:
        with pytest.raises(requests.HTTPError, match="400"):
            AirflowRest(f"http://127.0.0.1:{server.server_port}", user="u", password="p").trigger("d")
    finally:
        server.shutdown()
        server.server_close()
    assert len(asked) == 1
