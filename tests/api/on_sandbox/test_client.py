"""All eight endpoints and the neighbours, as the platform answers them on a good day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_contacts.api import (
    BadRequest,
    ContactsClient,
    DuplicateContact,
    ImportRequest,
    NewList,
    NotFound,
    RouteMissing,
    Unauthorized,
)
from email_contacts.sandbox import SandboxServer
from tests.api.on_sandbox.waiting import finished, wait_for
from tests.api.scripted_server import ScriptedServer, answers_bytes

FIRST_FOLDER, FIRST_LIST = 1, 2
PEOPLE: list[dict[str, Any]] = [
    {"email": f"person{n}@example.com", "attributes": {"FIRSTNAME": f"P{n}"}} for n in range(1, 6)
]


def people(**more: Any) -> ImportRequest:
    return ImportRequest(json_body=PEOPLE, list_ids=[FIRST_LIST], **more)


@pytest.mark.parametrize("profile", ["seed", "brevo"])
def test_the_eight_endpoints(profile: str, client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(status_profile=profile)
    folder_id = client.create_folder("Été")
    list_id = client.create_list("Newsletter", folder_id=folder_id)
    created = client.create_contact(
        email="elly@example.com", ext_id="e-1", attributes={"FIRSTNAME": "Elly"}, list_ids=[list_id]
    )
    assert created.created
    assert created.id is not None
    process = finished(client, client.import_contacts(ImportRequest(json_body=PEOPLE, list_ids=[list_id])))
    assert (process.is_import, process.is_completed, process.rejects) == (True, True, {})

    (summary,) = client.folder_lists(folder_id).items
    assert (summary.id, summary.name, summary.unique_subscribers) == (list_id, "Newsletter", 6)
    found = client.get_list(list_id)
    assert (found.name, found.folder_id, found.unique_subscribers) == ("Newsletter", folder_id, 6)
    assert found.created_at is not None
    assert client.contacts(limit=2, sort="asc").count == 6
    members = client.list_contacts(list_id, sort="asc")
    assert [contact["email"] for contact in members.items] == [
        "elly@example.com",
        *(person["email"] for person in PEOPLE),
    ]
    assert members.items[0]["attributes"]["FIRSTNAME"] == "Elly"


def test_the_neighbours(client: ContactsClient) -> None:
    assert [folder.name for folder in client.folders().items] == ["Your first folder"]
    (first,) = client.lists().items
    assert (first.id, first.name, first.folder_id) == (FIRST_LIST, "Your first list", FIRST_FOLDER)
    attributes = {attribute.name: attribute for attribute in client.attributes()}
    assert attributes["BIRTHDAY"].type == "date"
    assert "DE" in attributes["COUNTRY"].enumeration
    assert "books" in attributes["INTERESTS"].options

    process_id = client.import_contacts(people())
    finished(client, process_id)
    assert [process.id for process in client.processes().items] == [process_id]
    contact = client.get_contact("person1@example.com")
    assert client.get_contact(contact["id"]) == contact
    removal = client.remove_from_list(FIRST_LIST, emails=["person1@example.com", "nobody@example.com"])
    assert (removal.removed, removal.failed) == (1, 1)
    assert client.get_list(FIRST_LIST).unique_subscribers == 4


def test_an_upsert_updates_and_a_plain_create_refuses(client: ContactsClient) -> None:
    client.create_contact(email="elly@example.com")
    with pytest.raises(DuplicateContact) as caught:
        client.create_contact(email="elly@example.com")
    assert caught.value.identifiers == ("email",)
    updated = client.create_contact(
        email="elly@example.com", attributes={"FIRSTNAME": "Elly"}, update_enabled=True
    )
    assert (updated.id, updated.created) == (None, False)
    assert client.get_contact("elly@example.com")["attributes"]["FIRSTNAME"] == "Elly"


def test_a_clash_on_a_second_identifier_is_a_duplicate_whatever_its_code(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(duplicate_code="invalid_parameter")
    client.create_contact(email="elly@example.com", attributes={"SMS": "491701234567"})
    client.create_contact(email="jane@example.com")
    with pytest.raises(DuplicateContact) as caught:
        client.create_contact(
            email="jane@example.com", attributes={"SMS": "491701234567"}, update_enabled=True
        )
    assert caught.value.identifiers == ("SMS",)


CSV = "EMAIL;FIRSTNAME\nperson1@example.com;P1\nperson2@example.com;P2"


def test_every_source_arrives(client: ContactsClient) -> None:
    with ScriptedServer([answers_bytes(200, CSV.encode())]) as files:
        requests = [
            ImportRequest(file_url=f"{files.url}/contacts.csv", list_ids=[FIRST_LIST]),
            ImportRequest(file_body=CSV.replace("person", "guest"), list_ids=[FIRST_LIST]),
            ImportRequest(json_body=PEOPLE, list_ids=[FIRST_LIST]),
            ImportRequest(
                prepared=b'[{"email":"elly@example.com"},{"attributes":{"EXT_ID":"x-1"}}]',
                list_ids=[FIRST_LIST],
            ),
        ]
        for request in requests:
            assert finished(client, client.import_contacts(request)).rejects == {}
        assert files.only.path == "/contacts.csv"
    assert client.get_list(FIRST_LIST).unique_subscribers == 2 + 2 + 3 + 2


def test_an_import_can_make_its_list(client: ContactsClient) -> None:
    new_list = NewList(list_name="Imported", folder_id=FIRST_FOLDER)
    finished(client, client.import_contacts(ImportRequest(json_body=PEOPLE, new_list=new_list)))
    assert {found.name: found.unique_subscribers for found in client.iter_lists()} == {
        "Your first list": 0,
        "Imported": 5,
    }


@pytest.mark.parametrize("style", ["absent", "int", "url"])
def test_rejected_rows_are_reported_in_every_style(
    style: str, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(info_import=style)
    rows = [*PEOPLE, {"email": "no address"}, {"email": "none either"}]
    process = finished(client, client.import_contacts(ImportRequest(json_body=rows, list_ids=[FIRST_LIST])))
    assert process.is_completed
    counted = {
        reason: value if isinstance(value, int) else client.count_report_rows(value)
        for reason, value in process.rejects.items()
    }
    assert counted == ({} if style == "absent" else {"invalid_emails": 2})


@pytest.mark.parametrize(
    ("final", "failed", "running", "documented"),
    [("failed", True, False, True), ("cancelled", True, False, True), ("exploded", False, True, False)],
)
def test_how_a_process_may_end(
    final: str, failed: bool, running: bool, documented: bool, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(final_status=final)
    process_id = client.import_contacts(people())
    wait_for(lambda: client.process(process_id).status == final)
    process = client.process(process_id)
    assert (process.has_failed, process.is_running, process.is_documented) == (failed, running, documented)


@pytest.mark.parametrize("vocabulary", ["in_process", "processing"])
def test_a_running_process_in_either_vocabulary(
    vocabulary: str, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(process_vocabulary=vocabulary, hold="in_process")
    process_id = client.import_contacts(people())
    wait_for(lambda: client.process(process_id).status != "queued")
    process = client.process(process_id)
    assert (process.status, process.is_running) == (vocabulary, True)
    sandbox.set_knobs(hold="none")
    assert finished(client, process_id).is_completed


@pytest.mark.parametrize("status", ["404", "405"])
def test_a_platform_without_processes(status: str, client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(process_route=status)
    process_id = client.import_contacts(people())
    for ask in (lambda: client.process(process_id), client.processes):
        with pytest.raises(RouteMissing):
            ask()


UNKNOWN: list[Callable[[ContactsClient], Any]] = [
    lambda c: c.get_list(99),
    lambda c: c.folder_lists(99),
    lambda c: c.list_contacts(99),
    lambda c: c.process(99),
    lambda c: c.get_contact("nobody@example.com"),
    lambda c: c.create_list("l", folder_id=99),
    lambda c: c.remove_from_list(99, ids=[1]),
]


@pytest.mark.parametrize("use", UNKNOWN)
def test_unknown_ids_are_not_found(use: Callable[[ContactsClient], Any], client: ContactsClient) -> None:
    with pytest.raises(NotFound) as caught:
        use(client)
    assert caught.value.code == "document_not_found"
    assert type(caught.value) is NotFound


def test_what_the_platform_refuses_is_a_bad_request(client: ContactsClient) -> None:
    with pytest.raises(BadRequest) as caught:
        client.create_contact(email="no address")
    assert (caught.value.status, caught.value.code) == (400, "invalid_parameter")


def test_a_wrong_key_and_an_unknown_address_are_unauthorized(sandbox: SandboxServer) -> None:
    with (
        ContactsClient(sandbox.url, "wrong-key") as stranger,
        pytest.raises(Unauthorized, match="IP address"),
    ):
        stranger.contacts(limit=1)
    sandbox.set_knobs(allowed_ips=["192.0.2.1"])
    with (
        ContactsClient(sandbox.url, sandbox.api_key) as client,
        pytest.raises(Unauthorized, match="IP address"),
    ):
        client.contacts(limit=1)


def test_contacts_are_walked_once_though_others_join(client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.seed_contacts(1100, list_ids=[FIRST_LIST])
    sandbox.set_knobs(mutate_while_paging="insert")
    ids = [contact["id"] for contact in client.iter_contacts()]
    assert len(ids) == len(set(ids)) >= 1100
    assert ids == sorted(ids)
    members = [contact["id"] for contact in client.iter_list_contacts(FIRST_LIST)]
    assert len(members) == len(set(members)) >= 1100
    assert client.requests.made == 2 + 3


def test_all_folders_and_lists_are_walked(client: ContactsClient) -> None:
    made = [client.create_list(f"list {n}", folder_id=FIRST_FOLDER) for n in range(55)]
    assert [found.id for found in client.iter_folder_lists(FIRST_FOLDER)] == [FIRST_LIST, *made]
    assert [found.id for found in client.iter_lists()] == [FIRST_LIST, *made]
    assert [folder.id for folder in client.iter_folders()] == [FIRST_FOLDER]
    assert list(client.iter_processes()) == []


@pytest.mark.parametrize("style", ["utc", "offset"])
def test_filters_by_time_and_timestamps_in_both_styles(
    style: str, client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(timestamps=style)
    before = datetime.now(timezone.utc)
    client.create_contact(email="elly@example.com")
    tomorrow = before + timedelta(days=1)
    assert len(client.contacts(modified_since=before, created_since=before).items) == 1
    assert client.contacts(modified_since=tomorrow).items == ()
    assert list(client.iter_contacts(created_since=tomorrow)) == []
    created_at = client.get_list(FIRST_LIST).created_at
    assert created_at is not None
    assert abs(created_at - before) < timedelta(minutes=5)


def test_no_contact_that_stays_is_missed_while_others_are_deleted(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.seed_contacts(2_500)
    sandbox.set_knobs(mutate_while_paging="delete")
    walked = [contact["id"] for contact in client.iter_contacts()]
    sandbox.set_knobs(mutate_while_paging="none")
    assert len(walked) == len(set(walked))
    assert {contact["id"] for contact in client.iter_contacts()} <= set(walked)
