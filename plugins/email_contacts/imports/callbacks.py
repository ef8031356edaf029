"""Where the platform calls when an import has ended: addresses that name a task, signed.

The platform sends an empty POST without an id (api-contract §2.4), so all that is to be known stands in the
path: which task submitted the import, which task waits for it, and a nonce of this one submission. A token is
worth one "look now" and nothing else. Knows the form of a token; knows neither Airflow nor HTTP.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

# The path below the public base URL of Airflow; web/ serves it.
NOTIFY_PATH = "/email-contacts/notify/"
# XCom key on the submitting task. Pushed before the request, so that a reader always finds it; the endpoint
# overwrites it. A new try of a task loses its XComs, hence the state under called_key(), which survives.
MAILBOX = "email_contacts_callback"
# HMAC-SHA256 is as strong as its key, up to 32 bytes.
MIN_SECRET_BYTES = 32
# Room for ids of Airflow's full 250 ASCII letters each, and still a URL that every proxy lets through.
MAX_TOKEN = 2048

# What is signed begins with its purpose, so that the secret may sign other things elsewhere.
_DOMAIN = b"email_contacts callback v1\n"
_ID_LENGTH = 250
_MAX_MAP_INDEX = 2**31 - 1
_NONCE = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
# Of a connection id that nobody has vouched for yet: no control characters, nothing that climbs out of a path
# of a secrets backend.
_CONN_ID = re.compile(r"(?!.*\.\.)[\w.\-:#!()]+")


class InvalidToken(ValueError):
    """A token that was not made with the secret. The message never shows it."""


def new_nonce() -> str:
    """Make the mark of one submission: 128 random bits, hexadecimal."""
    return secrets.token_hex(16)


def called_key(nonce: str) -> str:
    """The key in the submitting task's state store under which a call is remembered."""
    return f"email_contacts.called.{nonce}"


def mail(nonce: str, *, called_at: str | None = None) -> dict[str, str | None]:
    """The value of the mailbox.

    :param called_at: ISO 8601, UTC; None: not called yet.
    """
    return {"nonce": nonce, "called_at": called_at}


def has_mail(value: Any, nonce: str) -> bool:
    """Return whether a mailbox holds the callback of this submission, and not of an earlier one."""
    return isinstance(value, Mapping) and value.get("nonce") == nonce != "" and bool(value.get("called_at"))


def callback_url(base: str, address: CallbackAddress, secret: str) -> str:
    """The ``notifyUrl`` of an import.

    :param base: the public base URL of this Airflow.
    :raises ValueError: as :meth:`CallbackAddress.token`.
    """
    return f"{base.rstrip('/')}{NOTIFY_PATH}{address.token(secret)}"


@dataclass(frozen=True)
class CallbackAddress:
    """The tasks that a callback is for.

    :param dag_id: of the task that submitted the import.
    :param run_id: its DAG run.
    :param task_id: the submitting task.
    :param map_index: of the submitting task; -1 when it is not mapped.
    :param waiter: the task of the same run that waits; empty: the submitting task itself.
    :param conn_id: the connection whose secret signs.
    :param nonce: of this submission, from :func:`new_nonce`.
    :raises ValueError: when a part is not what it should be.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    waiter: str
    conn_id: str
    nonce: str

    def __post_init__(self) -> None:
        for name in ("dag_id", "run_id", "task_id", "waiter", "conn_id"):
            value = getattr(self, name)
            # NUL and lone surrogates are text to JSON, and an error to a database.
            if not isinstance(value, str) or len(value) > _ID_LENGTH or not value.isprintable():
                raise ValueError(f"{name}={value!r} is not a printable text of at most {_ID_LENGTH} letters")
            if not value and name != "waiter":
                raise ValueError(f"{name} is empty")
        if not _CONN_ID.fullmatch(self.conn_id):
            raise ValueError(
                f"conn_id={self.conn_id!r} cannot stand in a callback's address; "
                "use letters, digits and _-.:#!()"
            )
        # bool is an int to Python, and no map_index.
        if type(self.map_index) is not int or not -1 <= self.map_index <= _MAX_MAP_INDEX:
            raise ValueError(f"map_index={self.map_index!r} must be a whole number, -1 or more")
        if not isinstance(self.nonce, str) or not _NONCE.fullmatch(self.nonce):
            raise ValueError("the nonce is not 32 hexadecimal digits")

    @property
    def waiting_task_id(self) -> str:
        """The task that is to be woken."""
        return self.waiter or self.task_id

    def token(self, secret: str) -> str:
        """Sign: ``base64url(JSON array).base64url(HMAC-SHA256)``, without padding.

        :param secret: at least ``MIN_SECRET_BYTES`` bytes as UTF-8.
        :raises ValueError: when the secret is too short, or the names are too long for a URL.
        """
        if not _is_strong(secret):
            raise ValueError(f"the callback secret has fewer than {MIN_SECRET_BYTES} bytes")
        text = json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":"))
        payload = _encoded(text.encode())
        token = f"{payload}.{_signature(payload, secret)}"
        if len(token) > MAX_TOKEN:
            raise ValueError(
                f"the callback's address of task {self.task_id!r} has {len(token)} characters, more than "
                f"{MAX_TOKEN}; shorten the ids of DAG, run and task, or remove callback_url in the connection"
            )
        return token

    @classmethod
    def peek(cls, token: str) -> CallbackAddress:
        """Read what a token claims, *without* checking who made it: only to know whose secret to check with.

        :raises InvalidToken: when it has not the form of a token.
        """
        try:
            if len(token) > MAX_TOKEN:
                raise ValueError("too long")
            form = _TOKEN.fullmatch(token)
            if form is None:
                raise ValueError("not two base64url texts")
            payload = form[1]
            raw = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            fields = json.loads(raw.decode())
            if not isinstance(fields, list):
                raise TypeError("not an array")
            return cls(*fields)
        # RecursionError: of a deeply nested array, whose length alone would be allowed.
        except (ValueError, TypeError, RecursionError):
            raise InvalidToken("not a callback token") from None

    @classmethod
    def read(cls, token: str, secret: str) -> CallbackAddress:
        """Read a token and check its signature, in a time that tells nothing about how far it was right.

        :raises InvalidToken: when it was not signed with this secret.
        """
        address = cls.peek(token)
        payload, _, signature = token.partition(".")
        # The texts are compared, not the bytes they stand for: the last letter of base64 has bits to spare.
        if not _is_strong(secret) or not hmac.compare_digest(_signature(payload, secret), signature):
            raise InvalidToken("not signed with this connection's callback secret")
        return address


def _is_strong(secret: str) -> bool:
    return len(secret.encode("utf-8", "surrogatepass")) >= MIN_SECRET_BYTES


def _signature(payload: str, secret: str) -> str:
    key = secret.encode("utf-8", "surrogatepass")
    return _encoded(hmac.digest(key, _DOMAIN + payload.encode("ascii"), "sha256"))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
