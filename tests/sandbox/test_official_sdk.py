"""The platform's own SDK, unchanged: what it can do here, a real account can do with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import httpx
import pytest
from brevo import Brevo
from brevo.contacts import ImportContactsRequestJsonBodyItem, ImportContactsRequestNewList
from brevo.core.api_error import ApiError

from tests.sandbox.rehearsal import Rehearsal, eventually


@pytest.fixture
def sdk(sandbox: Rehearsal) -> Iterator[Brevo]:
    with httpx.Client() as client:
        yield Brevo(
            api_key=sandbox.server.api_key,
            base_url=sandbox.server.url + "/v3",
            httpx_client=client,
            max_retries=0,
        )


@pytest.mark.parametrize("profile", ["seed", "brevo"])
def test_all_eight_calls_and_the_process(sandbox: Rehearsal, sdk: Brevo, profile: str) -> None:
    sandbox.server.set_knobs(status_profile=profile)
    folder_id = sdk.contacts.create_folder(name="SDK").id
    list_id = sdk.contacts.create_list(name="SDK list", folder_id=folder_id).id
    created = sdk.contacts.create_contact(
        email="one@example.com", ext_id="crm-1", attributes={"FIRSTNAME": "One"}, list_ids=[list_id]
    )
    assert created is not None
    process_id = sdk.contacts.import_contacts(
        list_ids=[list_id],
        json_body=[
            ImportContactsRequestJsonBodyItem(email="two@example.com", attributes={"POINTS": 2}),
            ImportContactsRequestJsonBodyItem(email="bad"),
        ],
        update_existing_contacts=True,
        disable_notification=True,
    ).process_id
    process = eventually(
        lambda: next((p for p in [sdk.process.get_process(process_id)] if p.status == "completed"), None),
        what="the import",
    )
    assert process.name == "IMPORTUSER"
    assert process.info is not None
    assert process.info.import_ is not None
    assert process.info.import_.invalid_emails is not None
    assert process.info.import_.invalid_emails.endswith(".csv")
    assert process.info.import_.duplicate_phone_id is None
    (listed,) = sdk.process.get_processes(limit=50, sort="asc").processes or []
    assert listed.id == process_id

    lists = sdk.contacts.get_folder_lists(folder_id, limit=50, offset=0, sort="asc")
    assert lists.count == 1
    details = sdk.contacts.get_list(list_id)
    assert (details.name, details.folder_id, details.unique_subscribers) == ("SDK list", folder_id, 2)
    everyone = sdk.contacts.get_contacts(
        limit=1000, sort="asc", modified_since=datetime(2020, 1, 1, tzinfo=timezone.utc).isoformat()
    )
    assert [contact.email for contact in everyone.contacts] == ["one@example.com", "two@example.com"]
    assert everyone.count == 2
    members = sdk.contacts.get_contacts_from_list(list_id, limit=500)
    assert {contact.email for contact in members.contacts} == {"one@example.com", "two@example.com"}


def test_the_neighbours(sandbox: Rehearsal, sdk: Brevo) -> None:
    made = sdk.contacts.import_contacts(
        file_body="EMAIL;FIRSTNAME\na@example.com;A\n",
        new_list=ImportContactsRequestNewList(list_name="From the SDK", folder_id=1),
    )
    sandbox.finished(made.process_id)
    names = {attribute.name for attribute in sdk.contacts.get_attributes().attributes or []}
    assert {"FIRSTNAME", "COUNTRY"} <= names
    contact = sdk.contacts.get_contact_info("a@example.com", identifier_type="email_id")
    assert contact.email == "a@example.com"
    assert contact.list_ids == [3]
    sdk.contacts.update_contact("a@example.com", attributes={"FIRSTNAME": "B"})
    assert sandbox.attributes("a@example.com") == {"FIRSTNAME": "B"}
    sdk.contacts.update_list(3, name="Renamed")
    folders = sdk.contacts.get_folders(limit=10, offset=0).folders or []
    assert [folder.name for folder in folders] == ["Your first folder"]
    sdk.contacts.delete_contact("a@example.com")
    assert sdk.contacts.get_contacts().count == 0


def test_its_errors_are_its_own(sdk: Brevo) -> None:
    with pytest.raises(ApiError) as missing:
        sdk.contacts.get_list(99)
    assert missing.value.status_code == 404
    with pytest.raises(ApiError) as refused:
        sdk.contacts.get_contacts(limit=1001)
    assert refused.value.status_code == 400
