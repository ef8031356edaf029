"""The extra fields of the connection, declared once.

``FIELDS`` makes the form of the Airflow UI, the validation and the table in ``docs/connection.md``. Imports
no Airflow, so that the provider's entry point and the documentation can read it for nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class InvalidConnection(ValueError):
    """A connection that cannot work; the message names the field, its value, the rule and the fix."""


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
        """The same schema with null allowed, for Airflow's form sends null for a field left empty.

        A choice of words is never left empty.
        """
        if "enum" in self.schema:
            return dict(self.schema)
        kind = self.schema["type"]
        return {**self.schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.schema.get("format") == "password"

    def read(self, value: Any, *, conn_id: str) -> Any:
        """Default, coerce (an extra that came from a URI holds only strings) and check a value.

        :raises InvalidConnection: when it breaks the schema.
        """
        if value is None or value == "":
            return self.default
        kind = self.schema["type"]
        if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        elif isinstance(value, str) and kind != "string":
            value = _parsed(value)
        if isinstance(value, float) and math.isnan(value):  # it passes every minimum and maximum
            raise InvalidConnection(
                f"connection {conn_id!r}, field {self.name!r} ({self.label}): it is not a number. "
                f"{self.description}"
            )

        # They cost 0.1 s, and this module is read whenever providers are listed.
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        error = best_match(Draft202012Validator(dict(self.schema)).iter_errors(value))
        if error is not None:
            # The library's message begins with the value.
            broken = f"the value is not of type {kind!r}" if self.is_secret else error.message
            raise InvalidConnection(
                f"connection {conn_id!r}, field {self.name!r} ({self.label}): {broken}. {self.description}"
            )
        return value


_ROOT = r"(/|[a-z][a-z0-9+.-]*://)[^,]+"

FIELDS = (
    Field(
        "timeout",
        "Time-out (seconds)",
        "How long one request may take in total; a large body gets another second for each 100 kB.",
        {"type": "number", "default": 30, "minimum": 1, "maximum": 600},
    ),
    Field(
        "requests_per_second",
        "Requests per second",
        "The most requests per second that one task sends to /v3/contacts routes "
        "(api-contract §5: 10 on the general tier).",
        {"type": "number", "default": 10, "exclusiveMinimum": 0, "maximum": 1000},
    ),
    Field(
        "process_polls_per_hour",
        "Process requests per hour",
        "How many process requests an hour all tasks and triggers that use this connection may make "
        "together (api-contract §5: 100 per hour and account).",
        {"type": "integer", "default": 100, "minimum": 1, "maximum": 36000},
    ),
    Field(
        "completion_source",
        "How the end of an import is detected",
        "auto: from the process route; where the platform has none, from the callback or from the growth of "
        "the lists, whichever comes first. processes, callback, list_growth: from that one only.",
        {
            "type": "string",
            "default": "auto",
            "enum": ["auto", "processes", "callback", "list_growth"],
        },
    ),
    Field(
        "callback_url",
        "Public URL of this Airflow",
        "The address at which the platform reaches this Airflow, such as https://airflow.example.com; it "
        "calls a path below /email-contacts/notify/ when an import has ended. Empty: no callbacks.",
        {"type": "string", "default": ""},
    ),
    Field(
        "callback_secret",
        "Callback secret",
        "Signs the addresses that the platform calls: at least 32 bytes, required with the URL above. "
        'Create one with: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        {"type": "string", "default": "", "format": "password"},
    ),
    Field(
        "max_running_imports",
        "Maximum running imports",
        "An import is submitted only while fewer than this many run in the account. "
        "Several at once are known to get stuck on the platform.",
        {"type": "integer", "default": 1, "minimum": 1, "maximum": 50},
    ),
    Field(
        "staging_uri",
        "Staging folder",
        "Where prepared batches, rejects and receipts are kept: a folder or bucket that every worker reaches "
        "(file:///..., s3://conn_id@bucket/...). Empty: the folder email_contacts below AIRFLOW_HOME.",
        {"type": "string", "default": "", "pattern": r"^(/.*|[a-z][a-z0-9+.-]*://.+)?$"},
    ),
    Field(
        "max_rejects",
        "Maximum rejected rows",
        "A preparation with more rejected rows stops before anything is sent: "
        "a number (100) or a share (5%). Empty: no limit.",
        {"type": "string", "default": "", "pattern": r"^(\d+|\d+(\.\d+)?%)?$"},
    ),
    Field(
        "source_roots",
        "Folders that forms may read",
        "Where the form of import_contacts, and all operators with restrict_sources, may read sources and "
        "mappings: folders and prefixes of buckets (/data/contacts, s3://conn_id@bucket/exports), separated "
        "by commas. Empty: the project's folder.",
        {"type": "string", "default": "", "pattern": rf"^({_ROOT}(\s*,\s*{_ROOT})*)?$"},
    ),
    Field(
        "source_sql_conn_ids",
        "Databases that forms may read",
        "The ids of the database connections that the form of import_contacts, and all operators with "
        "restrict_sources, may query, separated by commas. Empty: none.",
        {"type": "string", "default": "", "pattern": r"^([\w.-]+(\s*,\s*[\w.-]+)*)?$"},
    ),
    Field(
        "list_url",
        "A list's page on the platform",
        "The address of a list's page on the platform, with {list_id} in place of its id, such as "
        "https://app.example.com/lists/{list_id}. Tasks that work on a list link to it. Empty: no links.",
        {"type": "string", "default": "", "pattern": r"^(https?://\S*\{list_id\}\S*)?$"},
    ),
    Field(
        "allow_http",
        "Allow plain http",
        "Allow the API key and callbacks to be sent unencrypted to a host that is not this machine. "
        "Only for a sandbox inside a private network.",
        {"type": "boolean", "default": False},
    ),
)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.strip().lower())
    except json.JSONDecodeError:
        return text
