"""Lets the Test button of Airflow's connection list work for connections without a port.

The button sends ``port: 0`` for a connection that has none. Airflow 3.3 takes that for another destination
than the stored one, and refuses to test it with the stored key. Nothing listens on port 0, so that reading it
as "no port" changes no other answer. Imports nothing but the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ROUTE = "/api/v2/connections/test"
CONN_TYPE = "email_contacts"
_LARGEST_BODY = 1 << 20


class BlankPort:
    """ASGI middleware: a port of 0 in a test of an ``email_contacts`` connection becomes null.

    Every other request passes through untouched.

    :param app: the application behind it.
    """

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(ROUTE):
            await self._app(scope, receive, send)
            return
        messages = await _read(receive)
        if not messages[-1].get("more_body"):
            body = b"".join(message.get("body", b"") for message in messages)
            mended = _with_blank_port(body)
            if mended is not body:
                others = [header for header in scope["headers"] if header[0] != b"content-length"]
                scope = {**scope, "headers": [*others, (b"content-length", str(len(mended)).encode())]}
                messages = [{"type": "http.request", "body": mended, "more_body": False}]

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)


async def _read(receive: Receive) -> list[Message]:
    """Read a request to its end, or until it is too large for the body of a connection."""
    messages: list[Message] = []
    size = 0
    while size <= _LARGEST_BODY:
        messages.append(message := await receive())
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    return messages


def _with_blank_port(body: bytes) -> bytes:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body  # Airflow itself says what is wrong with it
    if not isinstance(document, dict) or document.get("conn_type") != CONN_TYPE or document.get("port") != 0:
        return body
    return json.dumps({**document, "port": None}).encode()
