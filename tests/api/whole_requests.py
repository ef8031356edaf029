"""Requests that say everything the API takes, for comparing field by field."""

from __future__ import annotations

from typing import Any

from email_contacts.api import ContactsClient, ImportRequest, NewList


def say_everything_of_a_contact(client: ContactsClient) -> None:
    client.create_contact(
        email="elly@example.com", ext_id="e", attributes={"FNAME": "Elly"}, list_ids=[36],
        email_blacklisted=False, sms_blacklisted=False, update_enabled=True,
        smtp_blacklist_sender=["user@example.com"],
    )  # fmt: skip


def import_of(**source: Any) -> ImportRequest:
    return ImportRequest(
        **source,
        list_ids=[2],
        new_list=NewList(list_name="n", folder_id=2),
        notify_url="https://hooks.example.com/x",
    )
