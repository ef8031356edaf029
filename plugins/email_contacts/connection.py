"""What an Airflow connection of type ``email_contacts`` says, checked once.

Host, password and the fields of ``connection_fields`` come in; settings that can be relied on come out.
Imports no Airflow.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from email_contacts.connection_fields import FIELDS, Field, InvalidConnection

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

__all__ = [
    "CONN_TYPE",
    "DEFAULT_CONN_ID",
    "FIELDS",
    "AirflowConnection",
    "ContactsConnection",
    "Field",
    "InvalidConnection",
]

CONN_TYPE = "email_contacts"
DEFAULT_CONN_ID = "email_contacts_default"
# Seconds that one call may wait for a rate limit in a worker; a longer one is left to the task's retries.
MAX_WAIT = 60.0


class AirflowConnection(Protocol):
    """What is read of an Airflow connection."""

    conn_id: str
    conn_type: str | None
    host: str | None
    port: int | None
    password: str | None
    extra: str | None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra as a dictionary."""


@dataclass(frozen=True)
class ContactsConnection:
    """The checked settings of one connection. Its secrets are kept out of ``repr``."""

    conn_id: str
    base_url: str
    api_key: _Secret
    timeout: float
    requests_per_second: float
    process_polls_per_hour: int
    completion_source: str
    callback_url: str
    callback_secret: _Secret
    max_running_imports: int
    staging_uri: str
    max_rejects: str
    source_roots: str
    source_sql_conn_ids: str
    list_url: str
    allow_http: bool

    @classmethod
    def from_airflow(cls, connection: AirflowConnection) -> ContactsConnection:
        """Read and check an Airflow connection.

        :param connection: host = base URL (a missing scheme means https), password = API key,
            extra = ``FIELDS``.
        :raises InvalidConnection: when it is of another type, host or password is missing, a field breaks
            its schema, or callbacks are asked for that cannot work.
        """
        name = connection.conn_id
        if connection.conn_type != CONN_TYPE:
            raise InvalidConnection(
                f"connection {name!r} is of type {connection.conn_type or 'none'!r}, and must be of type "
                f"{CONN_TYPE!r} (Email Contacts in the UI; a URI begins with email-contacts://); set its "
                "type, or give the conn_id of another one"
            )
        if not connection.host:
            raise InvalidConnection(
                f"connection {name!r} has no host; set it to the platform's base URL, such as https://api.example.com"
            )
        if not connection.password:
            raise InvalidConnection(f"connection {name!r} has no password; set it to the platform's API key")
        base_url = connection.host if "://" in connection.host else f"https://{connection.host}"
        if connection.port:
            base_url = _with_port(base_url, connection.port)
        extra = _extra_of(connection)
        if not isinstance(extra, dict):
            raise InvalidConnection(
                f"connection {name!r} has an extra that is a {type(extra).__name__}, and must be a JSON "
                'object, such as {"staging_uri": "s3://bucket/folder"}; correct it, or leave it empty'
            )
        _check_names(extra, conn_id=name)
        values = {field.name: field.read(extra.get(field.name), conn_id=name) for field in FIELDS}
        values["callback_url"] = values["callback_url"].strip().rstrip("/")
        values["staging_uri"] = values["staging_uri"].strip()
        values["callback_secret"] = _Secret(values["callback_secret"])
        settings = cls(conn_id=name, base_url=base_url, api_key=_Secret(connection.password), **values)
        if fault := settings._fault_of_callbacks() or settings._fault_of_staging():
            raise InvalidConnection(f"connection {name!r}, field {fault}")
        return settings

    def client(
        self,
        *,
        timeout: float | None = None,
        max_wait: float | None = None,
        before_process_request: Callable[[], None] | None = None,
    ) -> ContactsClient:
        """Make a client for this connection; nothing is sent yet.

        :param timeout: seconds, instead of the connection's.
        :param max_wait: the longest wait for a rate limit inside one call, in seconds.
        :param before_process_request: as the client's.
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
            before_process_request=before_process_request,
        )

    def list_page(self, list_id: int) -> str:
        """The address of a list's page on the platform; empty where the connection does not name one."""
        return self.list_url.replace("{list_id}", str(list_id))

    @property
    def can_be_called(self) -> bool:
        """Whether the platform may call this Airflow when an import has ended."""
        return bool(self.callback_url)

    @property
    def account_fingerprint(self) -> str:
        """What tells this account from others: a digest of base URL and key, which leads back to neither."""
        return blake2b(f"{self.base_url}\0{self.api_key.value}".encode(), digest_size=8).hexdigest()

    @property
    def staging_root(self) -> str:
        """The staging folder, defaulted."""
        if self.staging_uri:
            return self.staging_uri.rstrip("/")
        home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
        # Not as_uri(): it quotes blanks, and object storage paths do not unquote them.
        return f"file://{home.absolute() / 'email_contacts'}"

    def _fault_of_staging(self) -> str:
        """What is wrong with the staging folder, field first; empty when nothing is."""
        if self.staging_uri and not self.staging_uri.rpartition("://")[2].strip("/"):
            return (
                f"'staging_uri': {self.staging_uri!r} names no folder; give one that is for staging only, "
                "such as s3://bucket/folder or file:///data/staging"
            )
        return ""

    def _fault_of_callbacks(self) -> str:
        """What is wrong with the callbacks that are asked for, field first; empty when nothing is."""
        from email_contacts.imports.callbacks import MIN_SECRET_BYTES

        if not self.callback_url:
            if self.completion_source == "callback":
                return "'completion_source': 'callback' needs callback_url, the public URL of this Airflow"
            return ""
        if fault := _fault_of_callback_url(self.callback_url, allow_http=self.allow_http):
            example = "https://airflow.example.com"
            return f"'callback_url': {fault}; give the public URL of this Airflow, such as {example}"
        size = len(self.callback_secret.value.encode("utf-8", "surrogatepass"))
        if size < MIN_SECRET_BYTES:
            found = f"has only {size} bytes" if size else "is empty"
            return (
                f"'callback_secret': it {found}, and callbacks need at least {MIN_SECRET_BYTES}; "
                'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        return ""


def _extra_of(connection: AirflowConnection) -> Any:
    """The extra; Airflow takes one that is not JSON for an empty one, and its settings would not count."""
    if isinstance(connection.extra, str) and connection.extra.strip():
        try:
            json.loads(connection.extra)
        except ValueError as error:
            raise InvalidConnection(
                f"connection {connection.conn_id!r} has an extra that is not JSON ({error}), so none of its "
                'settings would count; write an object, such as {"staging_uri": "s3://bucket/folder"}'
            ) from None
    return connection.extra_dejson  # this has Airflow mask the secrets in it


def _check_names(extra: Mapping[str, Any], *, conn_id: str) -> None:
    """Refuse what is almost the name of a field: a limit that is misspelled would not count."""
    known = [field.name for field in FIELDS]
    for name in extra:
        plain = name.rpartition("__")[2].lower()
        if name not in known and (meant := get_close_matches(plain, known, n=1, cutoff=0.8)):
            raise InvalidConnection(
                f"connection {conn_id!r} has no field {name!r}; call it {meant[0]!r}, or remove it"
            )


class _Secret:
    """A string that never shows itself."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "***"


def _fault_of_callback_url(url: str, *, allow_http: bool) -> str:
    from email_contacts.api.base_url import is_loopback

    # urlsplit drops tabs and newlines silently, which would make a different address of it.
    if any(character.isspace() or not character.isprintable() for character in url):
        return "it has blanks or control characters inside"
    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed on access: raises for a port that is none
    except ValueError as error:
        return f"it is malformed ({error})"
    # From here on nothing of it is shown but the host: it may carry a password.
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it does not begin with https:// and a host"
    if parts.username is not None or parts.password is not None:
        return f"it carries a user name or password before {parts.hostname}"
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        return f"it has a query or fragment after {parts.hostname}"
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        return (
            f"callbacks would travel unencrypted to {parts.hostname}; http:// is for loopback hosts, or with "
            "allow_http inside a private network"
        )
    return ""


def _with_port(base_url: str, port: int) -> str:
    """Put the port where it belongs, before a path such as /v3; one that the host names already stays."""
    parts = urlsplit(base_url)
    if parts.netloc.rpartition("]")[2].rpartition(":")[1]:
        return base_url
    return parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
