"""The email platform as a real local server: the Contacts API v3 over SQLite, to rehearse without an account.

``python -m email_contacts.sandbox`` starts it from the command line, :class:`SandboxServer` from Python.
This room imports none of the other rooms and no Airflow: it must be able to prove them wrong. Importing it
costs nothing; FastAPI and uvicorn come with the first use of a name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.sandbox.faults import Fault as Fault
    from email_contacts.sandbox.faults import UnknownFault as UnknownFault
    from email_contacts.sandbox.journal import JournalEntry as JournalEntry
    from email_contacts.sandbox.knobs import Knobs as Knobs
    from email_contacts.sandbox.knobs import UnknownKnob as UnknownKnob
    from email_contacts.sandbox.server import SandboxServer as SandboxServer

_HOMES = {
    "Fault": "faults",
    "JournalEntry": "journal",
    "Knobs": "knobs",
    "SandboxServer": "server",
    "UnknownFault": "faults",
    "UnknownKnob": "knobs",
}

__all__ = ["Fault", "JournalEntry", "Knobs", "SandboxServer", "UnknownFault", "UnknownKnob"]


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
