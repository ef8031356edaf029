"""The application as the platform sees it: over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import uvicorn

from email_contacts.imports.callbacks import CallbackAddress
from email_contacts.web.app import make_app
from email_contacts.web.notify import Notifications, Patience

SECRET = "a-secret-of-forty-letters-for-tests-only"


@dataclass(frozen=True)
class Door:
    """The application as the platform sees it: over HTTP."""

    url: str

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request."""
        return requests.request(method, f"{self.url}{path}", timeout=30, allow_redirects=False, **options)

    def call(self, address: CallbackAddress, secret: str = SECRET) -> int:
        """Call as the platform does, with an empty body; the status."""
        return self.knock(address.token(secret))

    def knock(self, token: str) -> int:
        """Call with any token; the status."""
        return self.request("POST", f"/notify/{token}").status_code


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI application as Airflow's API server does; its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def opened(patience: Patience) -> Iterator[Door]:
    """The application with another patience than it has."""
    with serving(make_app(Notifications(patience))) as url:
        yield Door(url)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)
