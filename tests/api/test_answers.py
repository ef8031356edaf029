"""Answers as values: what a process says of itself, and what its repr keeps to itself."""

from __future__ import annotations

from typing import Any

import pytest

from email_contacts.api import Page, Process, Removal
from email_contacts.api.answers import ContactList
from email_contacts.api.fields import NotAsDocumented


def process(status: str = "completed", **more: Any) -> Process:
    return Process.read({"id": 78, "name": "IMPORTUSER", "status": status, **more})


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


@pytest.mark.parametrize("missing", ["id", "name", "folderId", "uniqueSubscribers"])
def test_a_list_without_what_is_required_is_not_believed(missing: str) -> None:
    document: dict[str, Any] = {"id": 1, "name": "l", "folderId": 1, "uniqueSubscribers": 5}
    del document[missing]
    with pytest.raises(NotAsDocumented, match=missing):
        ContactList.read(document)


def test_a_list_with_an_unreadable_instant_is_not_believed() -> None:
    with pytest.raises(NotAsDocumented, match="createdAt"):
        ContactList.read(
            {"id": 1, "name": "l", "folderId": 1, "uniqueSubscribers": 5, "createdAt": "last week"}
        )


def test_a_removal_that_says_nothing_is_not_believed() -> None:
    with pytest.raises(NotAsDocumented):
        Removal.read({"contacts": {}})


def test_repr_shows_neither_rows_nor_report_links() -> None:
    link = "https://r.example.com/secret.csv"
    shown = repr(process(info={"import": {"invalid_emails": link}}, export_url=link))
    assert "secret" not in shown
    assert "78" in shown
    assert repr(Page(({"email": "jane@example.com"},), 7)) == "Page(1 items, count=7)"
