"""The door that Airflow mounts: loads the application at its first request, and keeps tokens out of logs.

Every Airflow process loads the plugin, and only the API server needs what stands behind this. Imports nothing
but the standard library.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


class LazyApp:
    """An ASGI application that is loaded when it is first asked.

    :param module: holds the application under the name ``app``.
    """

    def __init__(self, module: str = "email_contacts.web.app") -> None:
        self.module = module
        self._app: Any = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass one request on.

        What logs the request afterwards (Airflow does, with its path) finds the path without the token, which
        the application gets in a copy.
        """
        inner = dict(scope)
        if scope["type"] == "http":
            scope["path"] = _concealed(scope["path"])
            scope["raw_path"] = scope["path"].encode()
        try:
            if self._app is None:
                # In a thread, for loading takes a while and the API server has one event loop.
                self._app = (await asyncio.to_thread(import_module, self.module)).app
        except Exception:
            log.exception(
                "%s could not be loaded: callbacks are not received, imports are polled", self.module
            )
            await _unavailable(scope, send)
            return
        await self._app(inner, receive, send)


def _concealed(path: str) -> str:
    """The path without what follows ``/notify/``; the rest is no secret, and helps the reader of the log."""
    before, found, _ = path.partition("/notify/")
    return f"{before}{found}***" if found else path


async def _unavailable(scope: Message, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
