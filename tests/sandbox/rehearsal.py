"""What the tests of the sandbox share: calling it as a client does, and a host for files and callbacks."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import requests

from email_contacts.sandbox import SandboxServer

Found = TypeVar("Found")
PATIENCE = 20.0


def eventually(look: Callable[[], Found | None], *, what: str) -> Found:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE} s in vain for {what}")


@dataclass(frozen=True)
class Rehearsal:
    """A running sandbox and a client of it."""

    server: SandboxServer
    session: requests.Session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Make one request; paths begin after /v3."""
        return self.session.request(method, self.server.url + "/v3" + path, timeout=300, **options)

    def get(self, path: str, **params: Any) -> Any:
        """Return a JSON answer."""
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        """Post JSON that must be accepted."""
        answer = self.call("POST", path, json=body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def refusal(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and code of an answer that must be an error of the documented shape."""
        answer = self.call(method, path, **options)
        body = answer.json()
        assert isinstance(body["message"], str)
        assert body["message"]
        return answer.status_code, body["code"]

    def submit(self, rows: list[dict[str, Any]] | None = None, **body: Any) -> int:
        """Submit an import, to list 2 unless told otherwise."""
        if rows is not None:
            body["jsonBody"] = rows
        if "newList" not in body:
            body.setdefault("listIds", [2])
        return int(self.post("/contacts/import", **body)["processId"])

    def finished(self, process_id: int) -> dict[str, Any]:
        """Wait until a process is neither queued nor running, and return it."""

        def look() -> dict[str, Any] | None:
            process: dict[str, Any] = self.get(f"/processes/{process_id}")
            return None if process["status"] in ("queued", "in_process", "processing") else process

        return eventually(look, what=f"process {process_id}")

    def imported(self, rows: list[dict[str, Any]] | None = None, **body: Any) -> dict[str, Any]:
        """Import and wait for the end."""
        return self.finished(self.submit(rows, **body))

    def rejects(self, rows: list[dict[str, Any]] | None = None, **body: Any) -> dict[str, int]:
        """Import and return how many rows were reported, by reason."""
        self.server.set_knobs(info_import="int")
        process = self.imported(rows, **body)
        assert process["status"] == "completed"
        return {reason: count for reason, count in process["info"]["import"].items() if count}

    def contact(self, identifier: str | int, **params: Any) -> dict[str, Any]:
        """Return one contact."""
        contact: dict[str, Any] = self.get(f"/contacts/{identifier}", **params)
        return contact

    def attributes(self, identifier: str) -> dict[str, Any]:
        """Return the attributes of one contact."""
        attributes: dict[str, Any] = self.contact(identifier)["attributes"]
        return attributes

    def emails(self, **params: Any) -> list[str]:
        """Return the addresses of one page of contacts."""
        return [contact["email"] for contact in self.get("/contacts", **params)["contacts"]]


@dataclass(frozen=True)
class Visit:
    """A request that the host has received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Host:
    """Somebody else's web server: it serves files and notes what is posted to it."""

    url: str
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    visits: queue.Queue[Visit] = field(default_factory=queue.Queue)
    on_post: Callable[[], None] = field(default=lambda: None)

    def serve(self, path: str, content: bytes, *, media: str = "application/octet-stream") -> str:
        """Serve a file and return its URL."""
        self.files[path] = (media, content)
        return self.url + path

    def visit(self) -> Visit:
        """Wait for the next request posted."""
        return self.visits.get(timeout=PATIENCE)


@contextmanager
def hosting() -> Iterator[Host]:
    """Run a host on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media, content = host.files.get(self.path, ("", b""))
            self.send_response(200 if media else 404)
            self.send_header("content-type", media or "text/plain")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            host.on_post()
            headers = {name.lower(): value for name, value in self.headers.items()}
            host.visits.put(Visit("POST", self.path, headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host = Host(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()
