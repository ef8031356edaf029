"""Single contacts, and all of them: nothing personal is left where it does not belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk._shared.secrets_masker import redact
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from email_contacts.api import ContactsClient, OutcomeUnknown, Unavailable
from email_contacts.operators.contacts import CreateContactOperator, GetContactsOperator
from email_contacts.operators.lists import GetListContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked, rendered

if TYPE_CHECKING:
    from airflow.sdk import Context

ADDRESS = "ada.lovelace@example.com"


def create(**arguments: Any) -> CreateContactOperator:
    return CreateContactOperator(task_id="contact", **{"email_address": ADDRESS, **arguments})


def test_a_contact_is_created_and_then_updated(context: Context, platform: ContactsClient) -> None:
    created = create(attributes={"FIRSTNAME": "Ada", "POINTS": 3.5}, list_ids=[LIST]).execute(context)
    assert created == {"id": platform.get_contact(ADDRESS)["id"], "created": True}
    again = create(attributes={"FIRSTNAME": "A."}, update_enabled="True").execute(context)
    assert again == {"id": None, "created": False}
    assert platform.get_contact(ADDRESS)["attributes"] == {"FIRSTNAME": "A.", "POINTS": 3.5}
    assert platform.get_list(LIST).unique_subscribers == 1


@pytest.mark.parametrize("identity", [{"ext_id": "crm-1"}, {"attributes": {"SMS": "+15005550001"}}])
def test_an_address_is_not_the_only_identity(identity: dict[str, Any], context: Context) -> None:
    assert create(email_address=None, **identity).execute(context)["created"]


def test_a_contact_that_exists_is_an_error_with_a_way_out(context: Context) -> None:
    create().execute(context)
    with pytest.raises(AirflowFailException, match=r"duplicate.*Set update_enabled=True") as caught:
        create().execute(context)
    assert ADDRESS not in str(caught.value)


def test_a_retry_after_a_lost_answer_cannot_make_a_second_contact(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(faults=["create_contact:524_after_accepting"])
    with pytest.raises(OutcomeUnknown):
        create().execute(context)
    with pytest.raises(AirflowFailException, match="an earlier try ended without an answer"):
        create().execute(context)
    assert platform.contacts().count == 1


def test_an_update_is_repeated_by_the_client_itself(
    context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 5.0)
    sandbox.set_knobs(faults=["create_contact:500"])
    assert create(update_enabled=True).execute(context)["created"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"email_address": None}, "needs an identifier"),
        ({"email_address": 5}, "email_address=<int> must be text"),
        ({"list_ids": "first"}, "list_ids='first' is not an id"),
        ({"update_enabled": "perhaps"}, "update_enabled='perhaps' must be true or false"),
        ({"attributes": {"firstname": "Ada"}}, "'firstname' must be in upper case"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_sent(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match=message):
        create(**arguments).execute(context)
    assert asked(sandbox) == []


PERSON: dict[str, Any] = {
    "email_address": "{{ 'grace.hopper' }}@example.com",
    "ext_id": "crm-4711",
    "attributes": {"FIRSTNAME": "Gr", "POINTS": 1906, "SMS": "+15005550002"},
    "smtp_blacklist_sender": ["boss@example.org"],
}


def test_rendered_fields_show_nothing_of_the_person_and_the_platform_gets_all(
    context: Context, platform: ContactsClient
) -> None:
    operator = rendered(CreateContactOperator(task_id="contact", update_enabled=True, **PERSON), context)
    fields = _serialize_rendered_fields(operator)
    assert {name: fields[name] for name in PERSON} == dict.fromkeys(PERSON, "***")
    assert fields["update_enabled"] is True
    operator.execute(context)
    contact = platform.get_contact("grace.hopper@example.com")
    assert contact["attributes"]["POINTS"] == 1906
    assert contact["attributes"]["FIRSTNAME"] == "Gr"


def test_what_is_not_given_is_shown_as_not_given(context: Context) -> None:
    fields = _serialize_rendered_fields(rendered(create(), context))
    assert fields["ext_id"] is None
    assert fields["attributes"] is None


def test_what_is_rendered_is_masked_in_the_log(context: Context) -> None:
    rendered(create(email_address="{{ 'margaret' }}@example.com", ext_id="crm-4712"), context)
    line = redact("contact margaret@example.com known as crm-4712")
    assert line == "contact *** known as ***"


def test_a_mapped_task_hides_its_person_too(context: Context) -> None:
    with DAG("people", schedule=None) as dag:
        mapped = CreateContactOperator.partial(task_id="contact", ext_id="{{ 'crm' }}-4713").expand(
            email_address=["dorothy@example.com"]
        )
    context["ti"].map_index, context["dag"], context["dag_run"].conf = 0, dag, {}
    mapped.render_template_fields(context)
    operator = context["task"]
    assert _serialize_rendered_fields(operator)["ext_id"] == "***"
    assert _serialize_rendered_fields(operator)["email_address"] == "***"
    assert redact("dorothy@example.com known as crm-4713") == "*** known as ***"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_all_contacts_are_written_and_only_counted_in_xcom(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.seed_contacts(1203, list_ids=[LIST])
    path = tmp_path / "new" / "contacts.ndjson"
    done = GetContactsOperator(task_id="get", path=path.as_uri()).execute(context)
    assert done == {"path": path.as_uri(), "contacts": 1203}
    written = lines(path)
    assert len({contact["id"] for contact in written}) == 1203
    assert all("@example.com" in contact["email"] for contact in written)
    assert asked(sandbox) == ["contacts", "contacts"]


def test_only_what_changed_since_an_instant(context: Context, sandbox: SandboxServer, tmp_path: Path) -> None:
    sandbox.seed_contacts(3)
    path = tmp_path / "contacts.ndjson"
    for since, expected in (("2020-01-01T00:00:00Z", 3), ("2999-01-01T00:00:00+02:00", 0)):
        operator = GetContactsOperator(task_id="get", path=path.as_uri(), modified_since=since)
        assert operator.execute(context)["contacts"] == expected
        assert len(lines(path)) == expected


def test_the_contacts_of_one_list_are_written(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    sandbox.seed_contacts(2)
    sandbox.seed_contacts(501, list_ids=[LIST])
    path = tmp_path / "list.ndjson"
    operator = GetListContactsOperator(task_id="get", list_id=str(LIST), path=path.as_uri())
    assert operator.execute(context) == {"path": path.as_uri(), "contacts": 501}
    assert len(lines(path)) == 501


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": ""}, "path='' must be text"),
        ({"path": "None"}, "path='None' is a relative path"),
        ({"modified_since": 5}, "modified_since=5 must be a datetime"),
        ({"modified_since": "yesterday"}, "modified_since=yesterday"),
        ({"created_since": "2026-01-01T00:00:00"}, "created_since"),
    ],
)
def test_a_wrong_export_writes_and_asks_nothing(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    target = tmp_path / "contacts.ndjson"
    with pytest.raises(AirflowFailException, match=message):
        GetContactsOperator(task_id="get", **{"path": target.as_uri(), **arguments}).execute(context)
    assert asked(sandbox) == []
    assert not target.exists()


def test_an_unknown_list_fails_at_once_and_trouble_is_worth_a_retry(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    yesterday = tmp_path / "list.ndjson"
    yesterday.write_text("{}\n")
    path = yesterday.as_uri()
    with pytest.raises(AirflowFailException, match="List ID does not exist"):
        GetListContactsOperator(task_id="get", list_id=999, path=path).execute(context)
    sandbox.set_knobs(faults=["list_contacts:500"])
    with pytest.raises(Unavailable):
        GetListContactsOperator(task_id="get", list_id=LIST, path=path).execute(context)
    assert yesterday.read_text() == "{}\n"


@pytest.fixture(params=["local", "object store"])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Where an export goes, on a disk and in a bucket."""
    from airflow.sdk import ObjectStoragePath

    if request.param == "local":
        return ObjectStoragePath((tmp_path / "export" / "contacts.ndjson").as_uri())
    return request.getfixturevalue("object_store").path("export", "contacts.ndjson")


def test_an_export_that_ends_in_the_middle_leaves_the_file_of_yesterday(
    context: Context, sandbox: SandboxServer, exported: Any
) -> None:
    sandbox.seed_contacts(1_500)
    operator = GetContactsOperator(task_id="get", path=str(exported))
    withdrawn = {"route": "contacts", "kind": "401_key", "skip": 1}  # after the first page of a thousand
    sandbox.set_knobs(faults=[withdrawn])
    with pytest.raises(AirflowFailException, match="API key"):
        operator.execute(context)
    assert not exported.exists()

    sandbox.set_knobs(faults=[])
    operator.execute(context)
    yesterday = exported.read_bytes()
    sandbox.seed_contacts(200)
    sandbox.set_knobs(faults=[withdrawn])
    with pytest.raises(AirflowFailException, match="API key"):
        operator.execute(context)
    assert exported.read_bytes() == yesterday
    assert [path.name for path in exported.parent.iterdir()] == ["contacts.ndjson"]

    sandbox.set_knobs(faults=[])
    assert operator.execute(context)["contacts"] == 1_700
    assert exported.read_bytes().count(b"\n") == 1_700
    assert [path.name for path in exported.parent.iterdir()] == ["contacts.ndjson"]


def test_what_a_killed_export_left_is_overwritten_by_its_next_try(
    context: Context, sandbox: SandboxServer, exported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.seed_contacts(1_500)
    operator = GetContactsOperator(task_id="get", path=str(exported))
    with monkeypatch.context() as killed:
        # A killed process removes nothing.
        killed.setattr("email_contacts.exports.aside.remove", lambda _: None)
        sandbox.set_knobs(faults=[{"route": "contacts", "kind": "401_key", "skip": 1}])
        with pytest.raises(AirflowFailException):
            operator.execute(context)
    assert [path.suffix for path in exported.parent.iterdir()] == [".partial"]
    sandbox.set_knobs(faults=[])
    operator.execute(context)
    assert [path.name for path in exported.parent.iterdir()] == ["contacts.ndjson"]


@pytest.mark.parametrize(("flag", "expected"), [("{{ True }}", True), ("{{ None }}", False)])
def test_an_opt_out_may_be_computed(
    flag: str, expected: bool, context: Context, platform: ContactsClient
) -> None:
    operator = CreateContactOperator(
        task_id="create", email_address="o@example.com", email_blacklisted=flag, sms_blacklisted=flag
    )
    rendered(operator, context).execute(context)
    found = platform.get_contact("o@example.com")
    assert (found["emailBlacklisted"], found["smsBlacklisted"]) == (expected, expected)
