"""Connections to the platform, bounded in time and in bytes.

Knows ``urllib3``; must not know routes, nor what an answer means. Every step, from looking up the host's
name to the last trailer, is taken out of the budget of its :class:`Attempt`: a time-out of ``requests`` alone
is for each byte, so a server that sends one now and then would be waited for without an end.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context
from functools import cache, partial
from http.client import HTTPResponse, RemoteDisconnected
from threading import Thread
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError

from email_contacts.api.attempt import Attempt

# The connection of a pool is made, and used, in the thread that makes the attempt.
_attempt: ContextVar[Attempt] = ContextVar("attempt")


class Connections(HTTPAdapter):
    """Sends every POST over a new connection, and all else over those that are kept alive.

    A server may close an idle connection in the very moment in which it is used again. The reset that
    follows cannot be told from one that came while the request was being worked on, and so a POST would end
    as ``OutcomeUnknown`` for no reason. A fresh connection has no such moment; its handshake costs little
    next to an import.
    """

    @contextmanager
    def exchange(
        self, request: requests.PreparedRequest, attempt: Attempt, settings: Mapping[str, Any]
    ) -> Iterator[requests.Response]:
        """Send one request, and have its answer to read from; never repeats, never follows a redirect.

        :param settings: proxies and certificates, as a session merges them with the environment.
        """
        if request.method != "POST":
            with self._send(request, attempt, settings) as response:
                yield response
            return
        request.headers["Connection"] = "close"
        with (
            closing(Connections(pool_connections=1, pool_maxsize=1)) as once,
            once._send(request, attempt, settings) as response,
        ):
            yield response

    def _send(
        self, request: requests.PreparedRequest, attempt: Attempt, settings: Mapping[str, Any]
    ) -> requests.Response:
        token = _attempt.set(attempt)
        try:
            return self.send(request, **{**settings, "stream": True, "timeout": attempt.seconds_left()})
        finally:
            _attempt.reset(token)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections; called by ``requests``."""
        super().init_poolmanager(*args, **kwargs)
        _bind(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy; called by ``requests``."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        _bind(manager)
        return manager


class _BoundedReads(io.RawIOBase):
    """The receiving side of a socket, on the budget of an attempt."""

    def __init__(self, incoming: io.RawIOBase, connection: socket.socket, attempt: Attempt) -> None:
        self._incoming = incoming
        self._connection = connection
        self._attempt = attempt
        self.is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._attempt.seconds_left())
        size = self._incoming.readinto(buffer)
        self._attempt.has_received(size or 0)
        self.is_at_end = size == 0
        return int(size) if size is not None else None

    def close(self) -> None:
        if not self.closed:
            self._incoming.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """Reads an answer, or that of a proxy to CONNECT, through :class:`_BoundedReads`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reads = _BoundedReads(self.fp.detach(), sock, _attempt.get())
        self.fp = io.BufferedReader(self._reads)

    def begin(self) -> None:
        """Read status line and headers; ``http.client`` alone takes a closed connection for their end."""
        super().begin()
        if self._reads.is_at_end:
            raise RemoteDisconnected("the connection was closed within the headers of the answer")


class _BoundedConnection(HTTPConnection):
    """Connects and sends on the budget of an attempt; mixed into the connections of ``urllib3``."""

    response_class = _BoundedResponse

    def connect(self) -> None:
        """Connect, in a thread that can be left behind.

        Looking up a name has no time-out, and each of the addresses that it gives would have all of the time.
        """
        self.timeout = _attempt.get().seconds_left()
        connected: Future[None] = Future()
        # The answer of a proxy to CONNECT is read within the same attempt.
        step = partial(copy_context().run, super().connect)
        Thread(target=_settle, args=(connected, step), name="connect", daemon=True).start()
        try:
            wait([connected], self.timeout)
            if not connected.done():
                raise ConnectTimeoutError(self, "the host was not reached in time")
        except BaseException:
            connected.add_done_callback(lambda _: self.close())
            raise
        connected.result()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(_attempt.get().seconds_left())
        super().send(data)


def _settle(future: Future[None], step: Callable[[], None]) -> None:
    """Take a step, and leave what it came to in a future."""
    try:
        step()
    except BaseException as error:  # noqa: BLE001  raised in the thread that waits for it
        future.set_exception(error)
    else:
        future.set_result(None)


def _bind(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {
        scheme: _bounded(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


@cache
def _bounded(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Derive a pool whose connections are bounded; those of SOCKS proxies are as well."""
    base: Any = pool.ConnectionCls
    if issubclass(base, _BoundedConnection):
        return pool
    connection = type(f"Bounded{base.__name__}", (_BoundedConnection, base), {})
    return type(f"Bounded{pool.__name__}", (pool,), {"ConnectionCls": connection})
