"""Whoever asks for an import has the last word directly before its last byte."""

from __future__ import annotations

import pytest

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.sandbox import SandboxServer

ROWS = [{"email": f"p{number}@example.com", "attributes": {"FIRSTNAME": "x" * 1000}} for number in range(300)]


class Refused(RuntimeError):
    """The caller's own error."""


@pytest.mark.parametrize("rows", [1, 300], ids=["one block", "many blocks"])
def test_what_it_raises_keeps_the_import_from_running(
    rows: int, sandbox: SandboxServer, client: ContactsClient
) -> None:
    def refuse() -> None:
        raise Refused

    request = ImportRequest(json_body=ROWS[:rows], list_ids=[2])
    with pytest.raises(Refused):
        client.import_contacts(request, before_last_byte=refuse)
    assert sandbox.imports_accepted() == 0
    client.import_contacts(request)
    assert sandbox.imports_accepted() == 1


def test_it_is_asked_in_every_attempt(sandbox: SandboxServer) -> None:
    asked: list[int] = []
    sandbox.set_knobs(faults=["import:429"])
    with ContactsClient(sandbox.url, sandbox.api_key, max_wait=60, requests_per_second=1000) as client:
        request = ImportRequest(json_body=ROWS[:1], list_ids=[2])
        client.import_contacts(request, before_last_byte=lambda: asked.append(sandbox.imports_accepted()))
    assert asked == [0, 0]
    assert sandbox.imports_accepted() == 1
