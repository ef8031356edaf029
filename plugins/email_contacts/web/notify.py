"""What a call of the platform sets off: it is checked, remembered, and the waiting task is woken.

Remembering comes first and is committed before anybody is answered; waking follows in the background. So a
call that was answered is never lost: when this process dies in between, who waits finds it in the mailbox.
Knows neither HTTP nor Airflow's tables.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

from email_contacts import metrics
from email_contacts.connection import InvalidConnection
from email_contacts.imports.callbacks import CallbackAddress, InvalidToken
from email_contacts.trigger import RESUME_GRACE
from email_contacts.web import airflow_core
from email_contacts.web.airflow_core import DatabaseBusy, Memory

log = logging.getLogger(__name__)

# Threads of our own, few: a flood of calls must not take those that Airflow's UI is served with.
THREADS = 4


class Heard(Enum):
    """The result of a callback."""

    YES = "yes"
    REFUSED = "refused"
    NOT_NOW = "not now"


@dataclass(frozen=True)
class Patience:
    """How a task is woken that cannot be woken yet.

    :param grace: seconds that a task must have been deferred; a sooner one may be failed by the scheduler
        (see :data:`email_contacts.trigger.RESUME_GRACE`).
    :param total: seconds after which it is left to the task itself, which looks into its mailbox.
    """

    grace: float = RESUME_GRACE
    total: float = 60.0


class Notifications:
    """Hears calls.

    :param patience: how long to try to wake a task.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="email-contacts-notify")
        # The event loop itself keeps only weak references to its tasks.
        self._waking: set[asyncio.Task[None]] = set()

    async def hear(self, token: str) -> Heard:
        """Take one call.

        :return: whether it is authentic and remembered. Nothing of a token is ever logged.
        """
        try:
            # Cheap, and on the event loop: junk gets no thread.
            claimed = CallbackAddress.peek(token)
        except InvalidToken as error:
            log.info("callback refused: %s", error)
            return Heard.REFUSED
        loop = asyncio.get_running_loop()
        try:
            memory = await loop.run_in_executor(self._threads, _check_and_remember, token, claimed)
        except DatabaseBusy as error:
            log.warning("callback for %s could not be stored: %s", _named(claimed), error)
            return Heard.NOT_NOW
        if memory in (None, Memory.NO_SUCH_TASK):
            return Heard.REFUSED
        metrics.count("callbacks", conn_id=claimed.conn_id)
        if memory is Memory.FIRST:
            task = loop.create_task(self._wake(claimed))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)
        return Heard.YES

    async def _wake(self, address: CallbackAddress) -> None:
        """Wake the task that waits, now or as soon as it may be woken."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience.total
        while True:
            try:
                attempt = await loop.run_in_executor(
                    self._threads, airflow_core.wake, address, self.patience.grace
                )
            except Exception:
                log.exception("callback for %s: %r cannot be woken", _named(address), address.waiting_task_id)
                return
            if attempt.again_in is None or loop.time() + attempt.again_in > deadline:
                break
            await asyncio.sleep(attempt.again_in)
        log.info("callback for %s: task %r %s", _named(address), address.waiting_task_id, attempt.outcome)


def _check_and_remember(token: str, claimed: CallbackAddress) -> Memory | None:
    """In a thread: check the signature with the secret of the connection that the token names; then remember.

    :return: None for a token that this connection has not signed.
    """
    try:
        settings = airflow_core.read_connection(claimed.conn_id)
        if settings is None or not settings.can_be_called:
            raise InvalidToken("no connection with that id has callbacks enabled")
        address = CallbackAddress.read(token, settings.callback_secret.value)
    except InvalidToken as error:
        # Of a claim that nobody vouches for, nothing goes into the log.
        log.info("callback refused: %s", error)
        return None
    except InvalidConnection as error:
        log.warning("callback refused: %s", error)
        return None
    memory = airflow_core.remember(address, called_at=datetime.now(timezone.utc).isoformat())
    log.info("callback for %s: %s", _named(address), memory.value)
    return memory


def _named(address: CallbackAddress) -> str:
    index = "" if address.map_index < 0 else f"[{address.map_index}]"
    return f"{address.dag_id}.{address.task_id}{index} of run {address.run_id}"
