"""What Airflow's provider manager is told: the connection type and its form.

Read at every start of Airflow: imports nothing but the field declarations.
"""

from __future__ import annotations

from typing import Any

from email_contacts import __version__
from email_contacts.connection import CONN_TYPE, FIELDS


def get_provider_info() -> dict[str, Any]:
    """Entry point ``apache_airflow_provider``: the provider's description."""
    return {
        "package-name": "airflow-provider-email-contacts",
        "name": "Email Contacts",
        "description": "Contacts of an email platform: folders, lists, imports that are accounted for.",
        "versions": [__version__],
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": "email_contacts.hook.ContactsHook",
                "hook-name": "Email Contacts",
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
