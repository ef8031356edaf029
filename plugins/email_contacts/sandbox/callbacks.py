"""The call of a finished import to its notifyUrl: one POST with an empty body (api-contract §2.4).

No more than that is documented, and there is no retry. Only http and https are called, and redirects are
not followed. The other modes exist for rehearsing a receiver.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

logger = logging.getLogger(__name__)

_TIMEOUT = (5.0, 10.0)


def is_callable(url: str) -> bool:
    """Return whether a notifyUrl is one that this platform would call."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def call(url: str, *, process_id: int, status: str, mode: str) -> None:
    """Call a notifyUrl and wait for its answer, which does not matter.

    :param status: the status that the import ended with; only the ``json`` mode sends it.
    :param mode: a value of the knob ``callback_mode``.
    """
    body = {"processId": process_id, "status": status} if mode == "json" else None
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(2 if mode == "duplicate" else 1):
            _post(session, url, body, process_id=process_id)


def _post(session: requests.Session, url: str, body: dict[str, object] | None, *, process_id: int) -> None:
    try:
        with session.post(
            url,
            data=b"" if body is None else None,
            json=body,
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            logger.info("import %d: notifyUrl answered %d", process_id, answer.status_code)
    except requests.RequestException as error:
        logger.warning("import %d: notifyUrl failed with %s", process_id, type(error).__name__)


class Callbacks:
    """Calls notifyUrls in the background, so that a slow receiver delays no import."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sandbox-callback")

    def send(self, url: str, *, process_id: int, status: str, mode: str) -> None:
        """Call soon."""
        self._threads.submit(call, url, process_id=process_id, status=status, mode=mode)

    def close(self) -> None:
        """Let running calls end and drop the others."""
        self._threads.shutdown(wait=False, cancel_futures=True)
