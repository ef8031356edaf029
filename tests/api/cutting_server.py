"""A server that cuts connections at a byte of its choice, and knows whether it had the whole request.

It speaks sockets, not HTTP: it counts what arrives and what it sends, in plain bytes or below TLS.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

_PATIENCE = 20.0  # seconds; only a client that hangs is waited for so long


class Cut(Exception):
    """The moment has come."""


@dataclass
class Cuts:
    """When and how to cut one connection.

    :param after_received: bytes from the client, as they travel; ``None`` for never.
    :param after_sent: bytes to the client, as they travel; ``None`` for never.
    :param how: ends the connection.
    :param farewell: what TLS says after the whole request, in place of an answer.
    """

    after_received: int | None = None
    after_sent: int | None = None
    how: Callable[[socket.socket], None] = field(default_factory=lambda: hang_up)
    farewell: Literal["", "alert", "close_notify", "plain text", "garbage"] = ""


def reset(connection: socket.socket) -> None:
    """End with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def hang_up(connection: socket.socket) -> None:
    """End with a FIN, which below TLS lacks its close_notify."""
    connection.close()


class CuttingServer:
    """Answers each connection's one request with the same bytes, unless it cuts it first.

    :param answer: of HTTP.
    :param tls: makes it speak TLS.
    """

    def __init__(self, answer: bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.cuts = Cuts()
        #: Of the last connection: bytes that came and went, and whether the request had come whole.
        self.received = self.sent = 0
        self.had_all = False
        #: The share of the handshake.
        self.handshake_received = self.handshake_sent = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Small, so that a large request cannot have left the client before it was read.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._done = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def settle(self) -> None:
        """Wait until the server is done with a connection."""
        assert self._done.acquire(timeout=_PATIENCE), "nobody connected"

    def __enter__(self) -> CuttingServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        with suppress(OSError):  # wakes accept() where closing does not
            socket.create_connection(self._listener.getsockname(), timeout=0.1).close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            self.received, self.sent, self.had_all = 0, 0, False
            with suppress(Cut, OSError, EOFError):
                (self._speak_tls if self._tls else self._speak)(connection)
            if connection.fileno() >= 0:
                self.cuts.how(connection)
            self._done.release()

    def _speak(self, connection: socket.socket) -> None:
        request = _Request()
        while not self.had_all:
            self.had_all = request.add(self._receive(connection))
        self._send(connection, self.answer)

    def _speak_tls(self, connection: socket.socket) -> None:
        assert self._tls is not None
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self._tls.wrap_bio(incoming, outgoing, server_side=True)
        request = _Request()

        def until_done(step: Callable[[], Any]) -> Any:
            while (result := _unless_it_wants_more(step)) is _WANTS_MORE:
                self._send(connection, outgoing.read())
                incoming.write(self._receive(connection))
            return result

        until_done(session.do_handshake)
        self._send(connection, outgoing.read())
        self.handshake_received, self.handshake_sent = self.received, self.sent
        while not self.had_all:
            self.had_all = request.add(until_done(lambda: session.read(65_536)))
        if self.cuts.farewell == "alert":
            incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))  # no record of this session
            with suppress(ssl.SSLError):
                session.read(1)
        elif self.cuts.farewell in _BELOW_TLS:
            self._send(connection, _BELOW_TLS[self.cuts.farewell])
        elif self.cuts.farewell == "close_notify":
            with suppress(ssl.SSLError):
                session.unwrap()
        else:
            session.write(self.answer)
        self._send(connection, outgoing.read())

    def _receive(self, connection: socket.socket) -> bytes:
        most = 65_536 if self.cuts.after_received is None else self.cuts.after_received - self.received
        if most <= 0:
            raise Cut
        received = connection.recv(most)
        if not received:
            raise EOFError
        self.received += len(received)
        return received

    def _send(self, connection: socket.socket, data: bytes) -> None:
        if self.cuts.after_sent is not None:
            data = data[: max(0, self.cuts.after_sent - self.sent)]
        connection.sendall(data)
        self.sent += len(data)
        if self.cuts.after_sent is not None and self.sent >= self.cuts.after_sent:
            raise Cut


# What a proxy or a broken server writes into a session; to a client it looks like a handshake that fails.
_BELOW_TLS = {
    "plain text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "garbage": b"\x17\x03\x03\x00\x20" + bytes(32),
}
_WANTS_MORE = object()


def _unless_it_wants_more(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except ssl.SSLWantReadError:
        return _WANTS_MORE


class _Request:
    """Gathers a request and knows its end."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, data: bytes) -> bool:
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        return bool(blank and length and len(body) >= int(length[1]))
