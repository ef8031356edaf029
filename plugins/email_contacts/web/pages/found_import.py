"""The import that an address names, as the routes look it up."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from email_contacts.imports.history import EntryKey
from email_contacts.web.airflow_history import History
from email_contacts.web.pages.import_view import ImportView


def find_import(history: History, ended_at: str, receipt_id: str) -> ImportView:
    """Read an import.

    :raises HTTPException: 404 when it is not there, or the user may not see it.
    """
    key = key_of(ended_at, receipt_id)
    stored = history.one(key) if key else None
    one = ImportView.of(stored) if stored else None
    if one is None:
        raise HTTPException(404)
    return one


def key_of(ended_at: str, receipt_id: str) -> EntryKey | None:
    """Make the key that an address names; None where it names none."""
    return EntryKey.parse(str(EntryKey(ended_at, receipt_id)))
