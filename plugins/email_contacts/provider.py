"""What Airflow's provider manager reads: what the package brings, the connection type and its form.

Read at every start of Airflow: imports nothing but the field declarations.
"""

from __future__ import annotations

from typing import Any

from email_contacts import __version__
from email_contacts.connection import CONN_TYPE, FIELDS

NAME = "Email Contacts"
OPERATORS = (
    "brakes",
    "contacts",
    "exports",
    "folders",
    "gone",
    "imports",
    "lists",
    "mirrors",
    "opt_outs",
    "partitions",
    "preparation",
    "receipts",
    "rejects",
    "snapshots",
    "stages",
)
"""The modules of ``email_contacts.operators`` that DAGs import from."""


def get_provider_info() -> dict[str, Any]:
    """Entry point ``apache_airflow_provider``: the provider's description."""
    return {
        "package-name": "airflow-provider-email-contacts",
        "name": NAME,
        "description": "Contacts of an email platform: folders, lists, imports with a receipt for every row.",
        "versions": [__version__],
        "integrations": [{"integration-name": NAME, "tags": ["service"]}],
        "operators": _modules(*(f"operators.{module}" for module in OPERATORS)),
        "sensors": _modules("sensor"),
        "hooks": _modules("hook"),
        "triggers": _modules("trigger"),
        "notifications": ["email_contacts.notifier.ImportNotifier"],
        "plugins": [{"name": "email_contacts", "plugin-class": "email_contacts.plugin.EmailContactsPlugin"}],
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": "email_contacts.hook.ContactsHook",
                "hook-name": NAME,
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port", "login"],
                    "relabeling": {"host": "Base URL", "password": "API key"},
                    "placeholders": {"host": "https://api.example.com"},
                },
                "conn-fields": {
                    field.name: {
                        "label": field.label,
                        "description": field.description,
                        "schema": field.form_schema(),
                    }
                    for field in FIELDS
                },
            }
        ],
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    return [{"integration-name": NAME, "python-modules": [f"email_contacts.{name}" for name in names]}]
