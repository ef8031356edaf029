"""``restart: unless-stopped`` of docker-compose.yaml, for the one death that the scheduler causes itself.

In Airflow 3.3.2 the scheduler ends with an ``IntegrityError`` when it writes a try to
``task_instance_history`` that is there already. Seen after the API server had been away for longer than
``task_instance_heartbeat_timeout``: the executor reported a try as failed that was still ``running`` in the
database. Whatever ends for another reason stays dead, so that the test that needs it fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING

from local.processes import Service

if TYPE_CHECKING:
    from typing_extensions import Self

OWN_FAULT = re.compile(r"IntegrityError.*task_instance_history")
LINES = 60
SECONDS = 1.0


class RestartPolicy:
    """Starts again what ended by Airflow's own fault, from the beginning of the ``with`` block to its end.

    :param services: those to look after.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._lock = Lock()
        self._is_over = Event()
        self._thread = Thread(target=self._run, name="restart policy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Restart nothing meanwhile: something is about to be killed on purpose."""
        with self._lock:
            yield

    def apply(self) -> None:
        """Look at each service once."""
        with self._lock:
            for service in self._services:
                process = service.process
                if process is None or process.poll() is None:
                    continue
                if OWN_FAULT.search(service.tail(LINES)):
                    service.kill()  # what it had started, as with a container
                    service.start()

    def _run(self) -> None:
        while not self._is_over.wait(SECONDS):
            self.apply()
