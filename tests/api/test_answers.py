"""Answers as values: what a process says of itself, and what its repr keeps to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from email_contacts.api import Attribute, ContactList, Folder, ListSummary, Page, Process, Removal
from email_contacts.api.answers import read_contact, read_id, read_process_id
from email_contacts.api.fields import NotAsDocumented


def process(status: str = "completed", **more: Any) -> Process:
    return Process.read({"id": 78, "name": "IMPORTUSER", "status": status} | more)


@pytest.mark.parametrize(
    ("status", "running", "completed", "failed", "documented"),
    [
        ("queued", True, False, False, True),
        ("in_process", True, False, False, True),
        ("processing", True, False, False, True),
        ("completed", False, True, False, True),
        ("failed", False, False, True, True),
        ("cancelled", False, False, True, True),
        ("paused", True, False, False, False),
        ("COMPLETED", True, False, False, False),
    ],
)
def test_each_status_means_one_thing_and_an_unknown_one_means_waiting(
    status: str, running: bool, completed: bool, failed: bool, documented: bool
) -> None:
    seen = process(status)
    assert (seen.is_running, seen.is_completed, seen.has_failed) == (running, completed, failed)
    assert seen.is_finished is (completed or failed)
    assert seen.is_documented is documented


@pytest.mark.parametrize(
    ("info", "rejects"),
    [
        (None, {}),
        ({}, {}),
        ("done", {}),
        ({"import": None}, {}),
        ({"import": "2 rows"}, {}),
        ({"import": {"invalid_emails": 0, "duplicate_email_id": None, "duplicate_ext_id": ""}}, {}),
        ({"import": {"invalid_emails": 3, "duplicate_phone_id": None}}, {"invalid_emails": 3}),
        ({"import": {"invalid_emails": "https://r.example.com/1.csv"}}, {"invalid_emails": "https://r.example.com/1.csv"}),
        ({"import": {"brand_new_reason": 1}}, {"brand_new_reason": 1}),
        ({"import": {"invalid_emails": ["row 1"]}}, {"invalid_emails": "undocumented list"}),
    ],
)  # fmt: skip
def test_rejects_in_every_style(info: Any, rejects: dict[str, Any]) -> None:
    assert process(info=info).rejects == rejects


def test_only_imports_are_imports() -> None:
    assert process().is_import
    assert not Process.read({"id": 1, "name": "CONTACT_EXPORT", "status": "queued"}).is_import


@pytest.mark.parametrize("missing", ["id", "name", "status"])
def test_a_process_without_what_is_required_is_not_believed(missing: str) -> None:
    document: dict[str, Any] = {"id": 78, "name": "IMPORTUSER", "status": "queued"}
    del document[missing]
    with pytest.raises(NotAsDocumented, match=missing):
        Process.read(document)


@pytest.mark.parametrize("missing", ["id", "uniqueSubscribers"])
def test_a_list_without_what_is_required_is_not_believed(missing: str) -> None:
    document: dict[str, Any] = {"id": 1, "name": "l", "folderId": 1, "uniqueSubscribers": 5}
    del document[missing]
    with pytest.raises(NotAsDocumented, match=missing):
        ContactList.read(document)


@pytest.mark.parametrize("created_at", [None, 7, "last week", "2026-08-01T19:43:31", "2026-08-01"])
@pytest.mark.parametrize("folder_id", [None, 0, -1, "7", 2**63])
def test_a_list_is_read_though_its_folder_or_birth_cannot_be(created_at: Any, folder_id: Any) -> None:
    document = {"id": 1, "uniqueSubscribers": 5, "createdAt": created_at, "folderId": folder_id}
    found = ContactList.read({**document, "name": None, "totalBlacklisted": "many"})
    assert (found.id, found.unique_subscribers, found.folder_id, found.created_at) == (1, 5, None, None)
    assert ContactList.read({"id": 1, "uniqueSubscribers": 5}) == found


def test_a_collection_is_read_though_what_nobody_needs_of_an_entry_is_missing() -> None:
    assert ListSummary.read({"id": 1}) == ListSummary(1, "", 0)
    assert Folder.read({"id": 1, "name": "f", "uniqueSubscribers": -1}) == Folder(1, "f", 0)
    attribute = Attribute.read({"name": "AGE", "type": 3, "enumeration": [{"label": 1}, {"label": "old"}]})
    assert attribute == Attribute("AGE", "", None, ("1", "old"), values=("", ""))


@pytest.mark.parametrize("value", [None, 0, -1, 2**63, 10**4000, 1.0, 1e300, True, "1", [1]])
@pytest.mark.parametrize(
    "read",
    [
        lambda value: read_process_id({"processId": value}),
        lambda value: read_id({"id": value}),
        lambda value: read_contact({"id": value}),
        lambda value: Process.read({"id": value, "name": "IMPORTUSER", "status": "queued"}),
        lambda value: ContactList.read({"id": value, "uniqueSubscribers": 5}),
    ],
)
def test_an_id_is_a_number_that_a_database_could_have_given(read: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(NotAsDocumented):
        read(value)
    assert read(1)
    assert read(2**63 - 1)


@pytest.mark.parametrize("text", ["jane@example.com", "x" * 61, "a1", "\x1b[31m", "\ud800", ""])
def test_a_term_that_is_no_word_is_not_shown(text: str) -> None:
    seen = process(text, name=text, info={"import": {text: 3, "invalid_emails": 1}})
    assert (seen.name, seen.status) == ("undocumented name", "undocumented status")
    assert seen.is_running
    assert not seen.is_documented
    assert seen.rejects == {"undocumented reason 1": 3, "invalid_emails": 1}


@pytest.mark.parametrize("count", [-1, True, 2**63, 3.0])
def test_a_count_of_rejects_that_is_none_is_told_by_its_type(count: Any) -> None:
    rejects = process(info={"import": {"invalid_emails": count}}).rejects
    assert rejects == {"invalid_emails": f"undocumented {type(count).__name__}"}


def test_a_removal_that_says_nothing_is_not_believed() -> None:
    with pytest.raises(NotAsDocumented):
        Removal.read({"contacts": {}})


def test_repr_shows_neither_rows_nor_report_links() -> None:
    link = "https://r.example.com/secret.csv"
    shown = repr(process(info={"import": {"invalid_emails": link}}, export_url=link))
    assert "secret" not in shown
    assert "78" in shown
    assert repr(Page(({"email": "jane@example.com"},), 7)) == "Page(1 items, count=7)"
