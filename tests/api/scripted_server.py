"""A real HTTP server that plays a script: the faults that a well-behaved server never shows.

Each request takes the next line of the script; a request beyond its end is answered with 500, so that one
request too many never goes unnoticed.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

HTML_524 = b"<!DOCTYPE html><html><title>524: A timeout occurred</title><p>jane@example.com</p></html>"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived.

    :param connection: number of the TCP connection, counted from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def document(self) -> Any:
        return json.loads(self.body)


Play = Callable[["_Handler"], None]


def answers(status: int, document: Any = None, *, headers: Mapping[str, str] | None = None) -> Play:
    """Answer with a JSON document, or with an empty body."""
    body = b"" if document is None else json.dumps(document).encode()
    return answers_bytes(status, body, headers={"content-type": "application/json", **(headers or {})})


def answers_bytes(status: int, body: bytes, *, headers: Mapping[str, str] | None = None) -> Play:
    """Answer with these very bytes."""

    def play(handler: _Handler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return play


def answers_html(status: int) -> Play:
    """Answer as a proxy does that lost its patience."""
    return answers_bytes(status, HTML_524, headers={"content-type": "text/html; charset=UTF-8"})


def truncates(status: int, document: Any) -> Play:
    """Promise the whole document and send half of it."""

    def play(handler: _Handler) -> None:
        body = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return play


def resets(handler: _Handler) -> None:
    """Take the request and reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())  # past socketserver, which would say goodbye with a FIN first
    handler.close_connection = True


def hangs_up(handler: _Handler) -> None:
    """Take the request and close the connection politely, without an answer."""
    handler.close_connection = True


def stays_silent(handler: _Handler) -> None:
    """Take the request and say nothing until the server is stopped."""
    handler.server.stopping.wait()
    handler.close_connection = True


@dataclass
class ScriptedServer:
    """Plays ``script`` on a free port of this machine; a context manager."""

    script: Iterable[Play] = ()
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = iter(self.script)
        self._http = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def plays(self, *script: Play) -> ScriptedServer:
        """Set what comes next."""
        self._lines = iter(script)
        return self

    def speaks_tls(self, context: ssl.SSLContext) -> None:
        """Expect TLS from the next connection on."""
        # The handshake is left to the connection's own thread: it may fail without stopping the server.
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )

    def next_play(self) -> Play:
        return next(self._lines, answers(500, {"code": "off_script", "message": "one request too many"}))

    @property
    def only(self) -> Seen:
        """The one request that came."""
        (request,) = self.seen
        return request

    def __enter__(self) -> ScriptedServer:
        threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.002}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.stopping.set()
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: ScriptedServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.stopping = threading.Event()
        self.connections = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken pipes are part of the script."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The end of an answer must not wait until the client has acknowledged its head.
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.number = self.server.connections

    def _play(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.script.seen.append(Seen(self.command, self.path, headers, body, self.number))
        self.server.script.next_play()(self)

    def do_GET(self) -> None:
        self._play()

    def do_POST(self) -> None:
        self._play()

    def do_CONNECT(self) -> None:
        self._play()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""
