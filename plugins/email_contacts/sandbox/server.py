"""The sandbox as a server in a thread of this process, for tests and rehearsals in Python."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from email_contacts.sandbox.account import Account
from email_contacts.sandbox.app import create_app
from email_contacts.sandbox.journal import JournalEntry
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.wire import CuttableProtocol

DEFAULT_KEY = "sandbox-key"
_START_SECONDS = 30


class SandboxServer:
    """The platform on a free port of the loopback interface, as long as the ``with`` block lasts.

    :param api_key: the account's only key.
    :param database: SQLite file that keeps the account; without one, a temporary one that is removed.
    :param port: 0 takes a free one.
    :param host: address to listen on.
    :param knobs: how it behaves; :meth:`set_knobs` changes that at any time.

    ::

        with SandboxServer() as sandbox:
            requests.get(sandbox.url + "/v3/contacts", headers={"api-key": sandbox.api_key}, timeout=5)
    """

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_KEY,
        database: Path | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        knobs: Knobs | None = None,
    ) -> None:
        self.api_key = api_key
        self._database = database
        self._address = (host, port)
        self._knobs = knobs or Knobs()
        self._stack = ExitStack()
        self._account: Account | None = None
        self._url = ""

    def __enter__(self) -> SandboxServer:
        """Start, and return when requests are answered.

        :raises OSError: when the port is taken.
        :raises WrongDatabase: when the file is something else.
        """
        with ExitStack() as stack:
            path = self._database
            if path is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
                path = Path(folder) / "sandbox.db"
            listener = stack.enter_context(socket.create_server(self._address, backlog=2048))
            self._account = Account(api_key=self.api_key, path=path, knobs=self._knobs)
            stack.callback(self._account.close)
            host, port = listener.getsockname()[:2]
            self._url = f"http://{host}:{port}"
            server = _Server(uvicorn_config(self._account))
            thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, "should_exit", True)
            if not server.listening.wait(_START_SECONDS):
                raise TimeoutError(f"the sandbox does not listen after {_START_SECONDS} s")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; a running import stops after its present batch of rows and is kept."""
        self._stack.close()

    @property
    def account(self) -> Account:
        """The account behind the server.

        :raises RuntimeError: before the ``with`` block.
        """
        if self._account is None:
            raise RuntimeError("the sandbox is not running; use it in a with block")
        return self._account

    @property
    def url(self) -> str:
        """Where it listens, without ``/v3``."""
        return self._url

    @property
    def knobs(self) -> Knobs:
        """The knobs as they are now."""
        return self.account.knobs

    def set_knobs(self, **changes: Any) -> Knobs:
        """Change some knobs and return all of them.

        :param changes: knob names and values, for example
            ``faults=[{"route": "import", "kind": "524_after_accepting"}]``.
        :raises UnknownKnob: for a name or a value that does not exist.
        :raises UnknownFault: for a fault that does not exist.
        """
        return self.account.set_knobs(changes)

    def journal(self) -> list[JournalEntry]:
        """Return the requests seen, oldest first."""
        return self.account.journal.entries()

    def imports_accepted(self) -> int:
        """Return how many imports the platform has started, regardless of its answers."""
        return self.account.imports_accepted()

    def seed_contacts(self, number: int, *, list_ids: Sequence[int] = ()) -> None:
        """Add invented contacts at example.com.

        :param number: how many.
        :param list_ids: lists that they join.
        """
        self.account.seed_contacts(number, list_ids=list_ids)

    def reset(self) -> None:
        """Return to a fresh account: contents, knobs, journal and rate limits as at the start."""
        self.account.reset()


def uvicorn_config(account: Account) -> uvicorn.Config:
    """Return how uvicorn is to serve an account."""
    return uvicorn.Config(
        create_app(account),
        # asyncio's own loop: uvloop hides the socket that a reset needs.
        loop="asyncio",
        http=CuttableProtocol,
        ws="none",
        lifespan="on",
        access_log=False,  # paths hold e-mail addresses
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """Reports when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()
