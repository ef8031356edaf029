"""Contacts taken off a list, any number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.api import ContactsClient
from email_contacts.operators.lists import RemoveFromListOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked, rendered

if TYPE_CHECKING:
    from airflow.sdk import Context


def removal(**arguments: Any) -> RemoveFromListOperator:
    return RemoveFromListOperator(task_id="remove", **{"list_id": LIST, **arguments})


@pytest.fixture
def people(sandbox: SandboxServer) -> list[str]:
    """The addresses of 200 contacts on the list."""
    sandbox.seed_contacts(200, list_ids=[LIST])
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        return [contact["email"] for contact in client.iter_list_contacts(LIST)]


def test_any_number_is_removed_150_at_a_time(
    people: list[str], context: Context, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    before = platform.get_list(LIST).unique_subscribers
    operator = removal(emails=[*people, "nobody@example.com"])
    assert operator.execute(context) == {"removed": 200, "not_removed": 1}
    assert asked(sandbox).count("remove_from_list") == 2
    assert platform.get_list(LIST).unique_subscribers == before - 200


def test_a_second_try_finds_nobody_and_fails_nothing(people: list[str], context: Context) -> None:
    removal(emails=people).execute(context)
    assert removal(emails=people).execute(context) == {"removed": 0, "not_removed": 200}


def test_ids_and_templates(people: list[str], context: Context, platform: ContactsClient) -> None:
    found = platform.get_contact(people[0])["id"]
    operator = rendered(removal(list_id="{{ 1 + 1 }}", contact_ids=f"{{{{ [{found}] }}}}"), context)
    assert operator.execute(context) == {"removed": 1, "not_removed": 0}


@pytest.mark.parametrize(
    "arguments", [{"emails": []}, {"ext_ids": []}, {"contact_ids": []}, {"contact_ids": "{{ [] }}"}]
)
def test_where_a_task_found_nobody_there_is_nobody_to_remove(
    arguments: dict[str, Any], context: Context, sandbox: SandboxServer
) -> None:
    operator = removal(**arguments)
    rendered(operator, context)
    assert operator.execute(context) == {"removed": 0, "not_removed": 0}
    assert asked(sandbox) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"emails": None}, "exactly one of emails, contact_ids, ext_ids; got none"),
        ({}, "exactly one of emails, contact_ids, ext_ids; got none"),
        ({"emails": ["a@example.com"], "ext_ids": ["1"]}, "got emails and ext_ids"),
        ({"emails": "a@example.com"}, "emails is a str, and must be a list"),
        ({"list_id": 99, "contact_ids": [1]}, "404"),
    ],
)
def test_what_cannot_be_removed(arguments: dict[str, Any], message: str, context: Context) -> None:
    with pytest.raises(AirflowFailException, match=message):
        removal(**arguments).execute(context)


def test_nobody_is_named(people: list[str], context: Context, capfd: pytest.CaptureFixture[str]) -> None:
    operator = removal(emails=["{{ 'person' }}@example.com", people[1]])
    rendered(operator, context)
    operator.execute(context)
    assert "example.com" not in repr(operator.emails)
    out, err = capfd.readouterr()
    assert "@example.com" not in out + err
