"""Links from a task to what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

from email_contacts.imports.history import EntryKey

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = "/plugin/contact-imports"
"""Where Airflow's UI shows the page; the rest of the address is that of what is in its frame."""


class ImportLink(BaseOperatorLink):
    """From the task that wrote a receipt to the import's own page."""

    name = "Contact import"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Give the address that the operator noted when it wrote the receipt; empty where it did not."""
        return str(operator.import_page)


class ListLink(BaseOperatorLink):
    """From a task that is about a list to the list's page on the platform."""

    name = "List on the platform"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Give the address that the operator noted; empty where the connection has no ``list_url``."""
        return str(operator.list_page)


def import_page(receipt: Mapping[str, Any]) -> str:
    """The address of an import's own page in Airflow's UI.

    :param receipt: its document.
    """
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    below = base.partition("://")[2].partition("/")[2]
    key = EntryKey.of(receipt)
    framed = f"{f'/{below}' if below else ''}/email-contacts/imports/{key.ended_at}/{key.receipt_id}"
    return f"{base}{PAGE}{framed}"
