"""What an Airflow connection of type ``email_contacts`` says, checked once.

``FIELDS`` is the one place where an extra field is declared: the form of the Airflow UI, the validation
and the table in ``docs/connection.md`` are made from it. Knows connections; imports no Airflow, so that
the provider's entry point and the documentation can read it for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

CONN_TYPE = "email_contacts"
DEFAULT_CONN_ID = "email_contacts_default"
# Seconds that one call may wait for a rate limit in a worker; a longer one is left to the task's retries.
MAX_WAIT = 60.0


@dataclass(frozen=True)
class Field:
    """One extra field of the connection.

    :param name: the key in the connection's extra.
    :param label: what the form calls it.
    :param description: what it does, its unit and the source of its default.
    :param schema: the JSON Schema of its value, with the default.
    """

    name: str
    label: str
    description: str
    schema: Mapping[str, Any]

    @property
    def default(self) -> Any:
        """The value that holds when the field is left empty."""
        return self.schema.get("default")

    def form_schema(self) -> dict[str, Any]:
        """The same schema with null allowed, for Airflow's form sends null for a field left empty."""
        kind = self.schema["type"]
        return {**self.schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}


FIELDS = (
    Field(
        "timeout",
        "Time-out (seconds)",
        "How long one request may wait for its connection, and then for each part of its answer.",
        {"type": "number", "default": 30, "minimum": 1, "maximum": 600},
    ),
    Field(
        "requests_per_second",
        "Requests per second",
        "The pace that one task keeps on /v3/contacts routes (api-contract §5: 10 on the general tier).",
        {"type": "number", "default": 10, "exclusiveMinimum": 0, "maximum": 1000},
    ),
    Field(
        "process_polls_per_hour",
        "Process look-ups per hour",
        "The most that one wait asks the platform for processes (api-contract §5: 100 per hour and account).",
        {"type": "integer", "default": 100, "minimum": 1, "maximum": 36000},
    ),
    Field(
        "max_running_imports",
        "Running imports at most",
        "An import is submitted only while fewer than this many run in the account. "
        "Several at once are known to get stuck on the platform.",
        {"type": "integer", "default": 1, "minimum": 1, "maximum": 50},
    ),
    Field(
        "staging_uri",
        "Staging folder",
        "Where prepared batches, rejects and receipts are kept: a folder or bucket that every worker reaches "
        "(file:///..., s3://...). Empty: the folder email_contacts below AIRFLOW_HOME.",
        {"type": "string", "default": "", "pattern": r"^(/.*|[a-z][a-z0-9+.-]*://.+)?$"},
    ),
    Field(
        "max_rejects",
        "Rejected rows at most",
        "A preparation with more rejected rows stops before anything is sent: "
        "a number (100) or a share (5%). Empty: no limit.",
        {"type": "string", "default": "", "pattern": r"^(\d+|\d+(\.\d+)?%)?$"},
    ),
    Field(
        "allow_http",
        "Allow plain http",
        "Let the API key travel unencrypted to a host that is not this machine. "
        "Only for a sandbox inside a private network.",
        {"type": "boolean", "default": False},
    ),
)


class AirflowConnection(Protocol):
    """What is read of an Airflow connection."""

    conn_id: str
    host: str | None
    port: int | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra as a dictionary."""


class InvalidConnection(ValueError):
    """A connection that cannot work; the message names the field, its value, the rule and the fix."""


@dataclass(frozen=True)
class ContactsConnection:
    """The checked settings of one connection. The API key is kept out of ``repr``."""

    conn_id: str
    base_url: str
    api_key: _Secret
    timeout: float
    requests_per_second: float
    process_polls_per_hour: int
    max_running_imports: int
    staging_uri: str
    max_rejects: str
    allow_http: bool

    @classmethod
    def from_airflow(cls, connection: AirflowConnection) -> ContactsConnection:
        """Read and check an Airflow connection.

        :param connection: host = base URL (a missing scheme means https), password = API key,
            extra = ``FIELDS``.
        :raises InvalidConnection: when host or password is missing, or a field breaks its schema.
        """
        name = connection.conn_id
        if not connection.host:
            raise InvalidConnection(
                f"connection {name!r} has no host; set it to the platform's base URL, such as https://api.example.com"
            )
        if not connection.password:
            raise InvalidConnection(f"connection {name!r} has no password; set it to the platform's API key")
        base_url = connection.host if "://" in connection.host else f"https://{connection.host}"
        if connection.port:
            base_url = _with_port(base_url, connection.port)
        extra = connection.extra_dejson
        values = {field.name: _read(field, extra.get(field.name), conn_id=name) for field in FIELDS}
        return cls(conn_id=name, base_url=base_url, api_key=_Secret(connection.password), **values)

    def client(self, *, timeout: float | None = None, max_wait: float | None = None) -> ContactsClient:
        """Make a client for this connection; nothing is sent yet.

        :param timeout: seconds, instead of the connection's.
        :param max_wait: the longest wait for a rate limit inside one call, in seconds.
        :raises email_contacts.api.InvalidRequest: when the base URL or the key cannot be used.
        """
        from email_contacts.api import ContactsClient

        return ContactsClient(
            self.base_url,
            self.api_key.value,
            timeout=timeout or self.timeout,
            requests_per_second=self.requests_per_second,
            max_wait=MAX_WAIT if max_wait is None else max_wait,
            allow_http=self.allow_http,
        )

    @property
    def staging_root(self) -> str:
        """The staging folder, defaulted."""
        if self.staging_uri:
            return self.staging_uri.rstrip("/")
        home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
        # Not as_uri(): it quotes blanks, and object storage paths do not unquote them.
        return f"file://{home.absolute() / 'email_contacts'}"


class _Secret:
    """A string that never shows itself."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "***"


def _read(field: Field, value: Any, *, conn_id: str) -> Any:
    """Default, coerce (an extra that came from a URI holds only strings) and check one value."""
    if value is None or value == "":
        return field.default
    kind = field.schema["type"]
    if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    elif isinstance(value, str) and kind != "string":
        value = _parsed(value)

    import jsonschema  # costs 0.1 s, and this module is read whenever providers are listed

    try:
        jsonschema.validate(value, dict(field.schema))
    except jsonschema.ValidationError as error:
        raise InvalidConnection(
            f"connection {conn_id!r}, field {field.name!r} ({field.label}): {error.message}. "
            f"{field.description}"
        ) from None
    return value


def _with_port(base_url: str, port: int) -> str:
    """Put the port where it belongs, before a path such as /v3; one that the host names already stays."""
    from urllib.parse import urlsplit

    parts = urlsplit(base_url)
    if parts.netloc.rpartition("]")[2].rpartition(":")[1]:
        return base_url
    return parts._replace(netloc=f"{parts.netloc}:{port}").geturl()


def _parsed(text: str) -> Any:
    import json

    try:
        return json.loads(text.strip().lower())
    except json.JSONDecodeError:
        return text
