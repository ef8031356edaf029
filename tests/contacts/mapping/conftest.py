"""Messages about a source as the command line shows them: with the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from email_contacts.contacts.header_names import all_shown


@pytest.fixture(autouse=True)
def names_are_shown() -> Iterator[None]:
    """Elsewhere only the usual names are; see ``tests/contacts/test_foreign_files.py``."""
    with all_shown():
        yield
