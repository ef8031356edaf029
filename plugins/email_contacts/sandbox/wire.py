"""The TCP end of a request: cutting its connection, which no HTTP framework can do from inside.

uvicorn copies each protocol's ``app_state`` into the scope of its requests; that is where the transport of
the connection is left for the caller that has to cut it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_TRANSPORT = "sandbox.transport"
_AT_ONCE = struct.pack("ii", 1, 0)


class CuttableProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type,unused-ignore]
    """uvicorn's HTTP protocol, whose requests know their connection."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport before the first request of the connection comes."""
        super().connection_made(transport)
        # Head and body of an answer are two writes; without this the second waits for the first one's ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


def reset(scope: MutableMapping[str, Any]) -> None:
    """Cut the connection with a TCP reset: the client reads ``ECONNRESET`` instead of an answer."""
    transport = _transport(scope)
    peer = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        # A linger time of 0 makes close() throw away what is unsent and answer with RST instead of FIN.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def close(scope: MutableMapping[str, Any]) -> None:
    """Close the connection in order, after what was written has left."""
    _transport(scope).close()


def _transport(scope: MutableMapping[str, Any]) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    return transport
