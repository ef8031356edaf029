"""The journal: which requests came and what was answered, without bodies or identifiers of contacts."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 10_000


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One request to the API.

    :param number: counts from 1.
    :param method: HTTP verb.
    :param path: path of the request; an e-mail address or other identifier in it is masked.
    :param route: name of the route, empty when there is none.
    :param status: status that the client was sent; 0 when the connection was cut instead.
    :param fault: kind of the fault it met, None for none.
    :param carried_out: status that the platform itself came to, None when it was not asked.
    """

    number: int
    method: str
    path: str
    route: str
    status: int
    fault: str | None
    carried_out: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the entry as a JSON object."""
        return asdict(self)


class Journal:
    """The newest ten thousand requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=_KEPT)
        self._seen = 0
        self._turn = threading.Lock()

    def note(
        self, *, method: str, path: str, route: str, status: int, fault: str | None, carried_out: int | None
    ) -> None:
        """Add a request; called before its answer leaves, so a client that has it finds it noted."""
        with self._turn:
            self._seen += 1
            self._entries.append(
                JournalEntry(
                    number=self._seen,
                    method=method,
                    path=path,
                    route=route,
                    status=status,
                    fault=fault,
                    carried_out=carried_out,
                )
            )

    def entries(self) -> list[JournalEntry]:
        """Return what was noted, oldest first."""
        with self._turn:
            return list(self._entries)

    def clear(self) -> None:
        """Forget all requests."""
        with self._turn:
            self._entries.clear()
            self._seen = 0
