"""The contacts of a batch are held against the platform by value, and nothing else counts as proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from email_contacts.api import ContactsClient, ImportRequest, RouteMissing
from email_contacts.imports.submission import batch_sample
from email_contacts.imports.submission.batch_sample import BatchSample, Comparison, sample_size
from email_contacts.imports.submission.import_record import now
from email_contacts.imports.submission.staged_file import StagedFile
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import LIST, asked, until_ended

ADA = {
    "FIRSTNAME": "Ada", "BIRTHDAY": "10/12/1815", "POINTS": 7, "NEWSLETTER": True, "COUNTRY": "2",
    "INTERESTS": ["music", "books"], "SMS": "+49 171 1234567", "NOT_OF_THIS_ACCOUNT": "x", "LASTNAME": "",
}  # fmt: skip
AS_CSV = {**ADA, "NEWSLETTER": "Yes", "POINTS": "7.0", "INTERESTS": "music,books"}


def missing(*_: Any, **__: Any) -> Any:
    raise RouteMissing("the platform does not offer this route")


def people(values: Mapping[str, Any], number: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "email": f"P{one}@Example.com",
            "attributes": {
                name: f"{value}{one}" if name == "SMS" else value for name, value in values.items()
            },
        }
        for one in range(number)
    ]


def request_of(rows: list[dict[str, Any]], **flags: Any) -> ImportRequest:
    return ImportRequest(json_body=rows, list_ids=[LIST], **flags)


def as_csv(rows: list[dict[str, Any]], **flags: Any) -> ImportRequest:
    names = list(rows[0]["attributes"])
    lines = [";".join(["EMAIL", *names])]
    lines += [";".join([row["email"], *(str(row["attributes"][name]) for name in names)]) for row in rows]
    return ImportRequest(file_body="\n".join(lines), list_ids=[LIST], **flags)


def imported(client: ContactsClient, request: ImportRequest) -> None:
    until_ended(client, client.import_contacts(request))


def compared(client: ContactsClient, request: ImportRequest, since: str | None) -> Comparison:
    comparison = BatchSample.of(request).compare(client, request.list_ids, since=since)
    assert comparison is not None
    return comparison


@pytest.mark.parametrize("since", [True, False])
@pytest.mark.parametrize("request_", [request_of(people(ADA)), as_csv(people(AS_CSV))])
def test_what_was_imported_is_recognised_however_the_platform_stores_it(
    request_: ImportRequest, since: bool, sandbox: SandboxServer, client: ContactsClient
) -> None:
    began = now()
    imported(client, request_)
    found = compared(client, request_, began if since else None)
    assert found == Comparison(3, 3, 3, 3, 3)
    assert found.is_proof
    assert found.is_whole


@pytest.mark.parametrize(
    "other",
    [
        {"FIRSTNAME": "Eda"}, {"BIRTHDAY": "1815-12-11"}, {"POINTS": 8}, {"NEWSLETTER": False},
        {"COUNTRY": "DE"}, {"INTERESTS": ["music"]}, {"SMS": "+49 171 7654321"},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
@pytest.mark.parametrize("since", [True, False])
def test_one_other_value_is_no_proof(
    other: dict[str, Any], since: bool, sandbox: SandboxServer, client: ContactsClient
) -> None:
    began = now()
    imported(client, request_of(people({**ADA, **other})))
    found = compared(client, request_of(people(ADA)), began if since else None)
    assert (found.listed, found.equal, found.is_proof) == (3, 0, False)


def test_a_value_that_is_missing_is_no_proof(sandbox: SandboxServer, client: ContactsClient) -> None:
    began = now()
    imported(client, request_of(people({})))
    assert not compared(client, request_of(people({"FIRSTNAME": "Ada"})), began).is_proof


def test_most_of_a_batch_is_not_all_of_it(client: ContactsClient, sandbox: SandboxServer) -> None:
    began = now()
    rows = people({"FIRSTNAME": "Ada"}, 100)
    imported(client, request_of(rows[:99]))
    found = compared(client, request_of(rows), began)
    assert found == Comparison(100, 100, 99, 99, 99)
    assert not found.is_proof


def test_values_from_before_prove_nothing(client: ContactsClient, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(timestamps="offset")  # to the millisecond
    request = request_of(people({"FIRSTNAME": "Ada"}))
    imported(client, request)
    later = now()
    assert not compared(client, request, later).is_proof
    imported(client, request)
    assert compared(client, request, later).is_proof


def test_a_platform_that_writes_whole_seconds_is_compared_to_the_second(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    request = request_of(people({"FIRSTNAME": "Ada"}))
    imported(client, request)
    (contact,) = client.list_contacts(LIST, limit=1).items
    shown = datetime.fromisoformat(contact["modifiedAt"].replace("Z", "+00:00"))
    assert compared(client, request, shown.replace(microsecond=999000).isoformat()).is_proof
    following = datetime.fromtimestamp(shown.timestamp() + 1, timezone.utc)
    assert not compared(client, request, following.isoformat(timespec="milliseconds")).is_proof


@pytest.mark.parametrize("since", [True, False])
def test_every_list_counts(since: bool, client: ContactsClient, sandbox: SandboxServer) -> None:
    other = client.create_list("Other", folder_id=1)
    began = now()
    request = ImportRequest(json_body=people({}), list_ids=[LIST, other])
    imported(client, request_of(people({})))
    assert compared(client, request, began if since else None).listed == 0
    imported(client, request)
    assert compared(client, request, began if since else None).is_proof


@pytest.mark.parametrize(("erases", "is_proof"), [(True, False), (False, True)])
def test_an_empty_value_counts_only_where_it_erases(
    erases: bool, is_proof: bool, client: ContactsClient, sandbox: SandboxServer
) -> None:
    began = now()
    imported(client, request_of(people({"FIRSTNAME": "Ada"})))
    request = request_of(people({"FIRSTNAME": ""}), empty_contacts_attributes=erases)
    assert compared(client, request, began).is_proof is is_proof


@pytest.mark.parametrize("flag", ["email_blacklist", "sms_blacklist"])
def test_a_blocklist_that_was_asked_for_counts(
    flag: str, client: ContactsClient, sandbox: SandboxServer
) -> None:
    began = now()
    request = request_of(people({}), **{flag: True})
    imported(client, request_of(people({})))
    assert not compared(client, request, began).is_proof
    imported(client, request)
    assert compared(client, request, began).is_proof


def test_where_existing_contacts_are_not_updated_only_new_ones_hold_the_values(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(timestamps="offset")
    other = client.create_list("Other", folder_id=1)
    imported(client, ImportRequest(json_body=people({"FIRSTNAME": "Old"}, 1), list_ids=[other]))
    began = now()
    request = request_of(people({"FIRSTNAME": "New"}), update_existing_contacts=False)
    imported(client, request)
    assert compared(client, request, began).is_proof
    assert not compared(client, request, now()).is_proof, "nothing of theirs changes when it is sent again"


def test_the_last_of_several_rows_about_one_contact_counts(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    began = now()
    rows = [*people({"FIRSTNAME": "First"}, 1), *people({"FIRSTNAME": "Last"}, 1)]
    imported(client, request_of(rows))
    assert compared(client, request_of(rows), began) == Comparison(1, 1, 1, 1, 1)


def test_contacts_without_an_address_are_found_by_their_other_identifiers(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    began = now()
    rows = [{"attributes": {"SMS": "+491711234567"}}, {"attributes": {"EXT_ID": "c-1", "FIRSTNAME": "Ada"}}]
    imported(client, request_of(rows))
    for since in (began, None):
        assert compared(client, request_of(rows), since) == Comparison(2, 2, 2, 2, 2)


def test_without_the_attributes_route_an_unknown_attribute_is_taken_for_a_lost_value(
    client: ContactsClient, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = now()
    imported(client, request_of(people({"FIRSTNAME": "Ada"})))
    monkeypatch.setattr(client, "attributes", missing)
    assert compared(client, request_of(people({"FIRSTNAME": "Ada"})), began).is_proof
    assert not compared(client, request_of(people({"FIRSTNAME": "Ada", "SHOE": "1"})), began).is_proof


def test_a_batch_costs_a_request_for_every_500_contacts(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    began = now()
    rows = people({}, 1200)
    imported(client, request_of(rows))
    assert compared(client, request_of(rows), began).is_proof
    assert asked(sandbox, "list_contacts", "contact") == ["list_contacts"] * 3


def test_where_too_much_else_was_modified_a_sample_is_looked_up(
    client: ContactsClient, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sample, "SPARE_PAGES", 1)
    began = now()
    imported(client, request_of([{"email": f"other{one}@example.com"} for one in range(500)]))
    rows = people({}, 120)
    imported(client, request_of(rows))
    found = compared(client, request_of(rows), began)
    assert found == Comparison(120, 102, 102, 102, 102)
    assert found.is_proof
    assert not found.is_whole


def test_a_sample_grows_with_the_batch() -> None:
    assert [sample_size(number) for number in (0, 1, 100, 10_000, 1_000_000)] == [0, 1, 100, 120, 300]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_large_staged_file_is_sampled_and_a_small_one_compared_whole(
    is_whole: bool,
    client: ContactsClient,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = now()
    rows = people({"FIRSTNAME": "Ada"}, 130)
    imported(client, request_of(rows))
    path = tmp_path / "contacts.csv"
    path.write_text("".join(["EMAIL;FIRSTNAME\n", *(f"{row['email']};Ada\n" for row in rows)]))
    monkeypatch.setattr(batch_sample, "COMPARED_WHOLE", 130 if is_whole else 129)
    request = ImportRequest(file_url="https://example.com/contacts.csv", list_ids=[LIST])
    found = BatchSample.of(request, StagedFile(path, "f", 130)).compare(client, [LIST], since=began)
    assert found is not None
    assert found.is_proof
    assert found.is_whole is is_whole
    assert found.compared == (130 if is_whole else sample_size(130))


def test_of_a_file_of_somebody_elses_nothing_can_be_compared(client: ContactsClient) -> None:
    request = ImportRequest(file_url="https://example.com/theirs.csv", list_ids=[LIST])
    assert BatchSample.of(request).compare(client, [LIST], since=now()) is None


def test_rows_of_a_stage_can_be_sampled_without_a_request(
    client: ContactsClient, sandbox: SandboxServer
) -> None:
    rows = people({"FIRSTNAME": "Ada"}, 150)
    imported(client, request_of(rows[:149]))
    found = BatchSample.of_rows(rows, is_csv=False).compare(client, [LIST])
    assert found is not None
    assert (found.contacts, found.compared, found.listed) == (150, sample_size(150), sample_size(150) - 1)


def test_where_the_platform_shows_no_single_contacts_nothing_is_said(
    client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "get_contact", missing)
    assert BatchSample.of_rows(people({}), is_csv=False).compare(client, [LIST]) is None


def test_nobody_is_shown() -> None:
    rows = people({"FIRSTNAME": "Ada"})
    sample = BatchSample.of(request_of(rows))
    assert "ada" not in repr([sample, *sample.sent]).lower()
    assert "example" not in repr([sample, *sample.sent])
    assert json.dumps(str(Comparison(3, 3, 3, 2, 1)))
