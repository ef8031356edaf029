"""Telling the end of an import by its lists, on the sandbox."""

from __future__ import annotations

import itertools

import pytest

from email_contacts.api import ContactsClient, NotFound
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.list_growth import growth_pauses, has_grown
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, an_import, asked, until_ended

LONG_AGO = "2026-01-01T00:00:00.000+00:00"
NEVER = "2126-01-01T00:00:00.000+00:00"


def evidence(contacts: int | None, sizes: dict[int, int], *, since: str = LONG_AGO) -> CompletionSignals:
    return CompletionSignals(("d", "r", "t", -1), "", sizes, contacts, since)


def imported(client: ContactsClient, *addresses: str) -> None:
    until_ended(client, client.import_contacts(an_import(*addresses)))


def test_a_list_that_grew_by_as_many_tells(sandbox: SandboxServer, client: ContactsClient) -> None:
    imported(client, "a@example.com", "b@example.com")
    assert has_grown(client, evidence(2, {LIST: 0}, since=NEVER))
    assert not has_grown(client, evidence(3, {LIST: 0}, since=NEVER))
    assert not has_grown(client, evidence(2, {LIST: 1}, since=NEVER))


def test_contacts_that_were_on_the_list_already_tell_by_their_change(client: ContactsClient) -> None:
    imported(client, "a@example.com", "b@example.com")
    assert has_grown(client, evidence(2, {LIST: 2}))
    assert not has_grown(client, evidence(3, {LIST: 2}))
    assert not has_grown(client, evidence(2, {LIST: 2}, since=NEVER))


def test_every_list_has_to_tell(client: ContactsClient) -> None:
    other = client.create_list("another", folder_id=1)
    imported(client, "a@example.com")
    assert has_grown(client, evidence(1, {LIST: 0}))
    assert not has_grown(client, evidence(1, {LIST: 0, other: 0}))


def test_where_nothing_was_noted_nothing_is_asked(sandbox: SandboxServer, client: ContactsClient) -> None:
    for nothing in (
        evidence(None, {LIST: 0}),
        evidence(2, {}),
        evidence(0, {LIST: 0}),
        CompletionSignals.none(),
    ):
        assert not has_grown(client, nothing)
    assert asked(sandbox) == []


def test_a_list_that_is_gone_is_an_error(client: ContactsClient) -> None:
    with pytest.raises(NotFound):
        has_grown(client, evidence(1, {999: 0}))


def test_the_process_bucket_is_not_touched(sandbox: SandboxServer, client: ContactsClient) -> None:
    has_grown(client, evidence(1, {LIST: LIST}))
    assert asked(sandbox) == ["list", "list_contacts"]


def test_its_pauses_grow_from_ten_seconds_to_a_minute() -> None:
    assert list(itertools.islice(growth_pauses(), 8)) == [10, 15, 22.5, 33.75, 50.625, 60, 60, 60]
