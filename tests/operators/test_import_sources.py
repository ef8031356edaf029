"""What an import is made of: sources, targets and flags, and what is refused before it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from email_contacts.api import ContactsClient
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.operators.conftest import LIST, asked, rendered

if TYPE_CHECKING:
    from airflow.sdk import Context

PEOPLE = [{"email": "a@example.com", "attributes": {"FIRSTNAME": "A"}}, {"email": "b@example.com"}]


def an_import(**arguments: Any) -> ImportContactsOperator:
    """An import that is waited for in the worker."""
    given = {
        "list_ids": [LIST],
        "deferrable": False,
        "poll_interval": 0.02,
        "reconciliation_timeout": 0.0,
        "timeout": 30.0,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", **given)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """A web server that serves this test's folder; its address."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_json_rows(context: Context, platform: ContactsClient) -> None:
    process_id = an_import(json_body=PEOPLE).execute(context)
    assert process_id is not None
    assert platform.process(process_id).is_completed
    assert platform.get_list(LIST).unique_subscribers == 2
    assert platform.get_contact("a@example.com")["attributes"]["FIRSTNAME"] == "A"


def test_csv_text(context: Context, platform: ContactsClient) -> None:
    an_import(file_body="EMAIL;FIRSTNAME\nc@example.com;C\n").execute(context)
    assert platform.get_contact("c@example.com")["attributes"]["FIRSTNAME"] == "C"


def test_a_prepared_batch_by_its_address(context: Context, platform: ContactsClient, tmp_path: Path) -> None:
    batch = tmp_path / "a batch.json"
    batch.write_text(json.dumps(PEOPLE))
    an_import(batch_uri=f"file://{batch}").execute(context)
    assert platform.get_list(LIST).unique_subscribers == 2


def test_a_prepared_text_by_its_address(context: Context, platform: ContactsClient, tmp_path: Path) -> None:
    batch = tmp_path / "batch-00001.json"
    batch.write_text(json.dumps('EMAIL;FIRSTNAME\na@example.com;"A;\nÄ"\nb@example.com;\n'))
    an_import(batch_uri=batch.as_uri()).execute(context)
    assert platform.get_list(LIST).unique_subscribers == 2
    assert platform.get_contact("a@example.com")["attributes"]["FIRSTNAME"] == "A;\nÄ"


def test_a_file_that_the_platform_fetches(
    context: Context, platform: ContactsClient, files: str, tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_text("EMAIL;FIRSTNAME\nd@example.com;D\n")
    an_import(file_url=f"{files}/contacts.csv").execute(context)
    assert platform.get_contact("d@example.com")["attributes"]["FIRSTNAME"] == "D"


def test_a_new_list_is_made_before_the_import_and_only_once(
    context: Context, platform: ContactsClient, sandbox: SandboxServer
) -> None:
    """The platform could make it by itself, and a repeat would make a second one."""
    sandbox.set_knobs(faults=["import:524"])
    new_list = {"list_name": "New", "folder_id": "1"}
    an_import(json_body=PEOPLE, list_ids=[LIST], new_list=new_list).execute(context)
    an_import(json_body=PEOPLE, list_ids=(), new_list=new_list).execute(context)
    (made,) = [one for one in platform.iter_folder_lists(1) if one.name == "New"]
    assert made.unique_subscribers == 2
    assert platform.get_list(LIST).unique_subscribers == 2


def test_flags_may_come_as_rendered_strings(context: Context, platform: ContactsClient) -> None:
    an_import(json_body=PEOPLE).execute(context)
    changed = [{"email": "a@example.com", "attributes": {"FIRSTNAME": "Z"}}]
    operator = an_import(
        json_body=changed,
        list_ids="{{ [2] }}",
        update_existing_contacts="{{ 1 > 2 }}",
        email_blacklist="{{ 'false' }}",
        disable_notification="{{ true }}",
    )
    rendered(operator, context).execute(context)
    assert platform.get_contact("a@example.com")["attributes"]["FIRSTNAME"] == "A"


def test_all_flags_reach_the_platform(context: Context, platform: ContactsClient) -> None:
    an_import(json_body=PEOPLE, email_blacklist=True, sms_blacklist="true").execute(context)
    contact = platform.get_contact("a@example.com")
    assert (contact["emailBlacklisted"], contact["smsBlacklisted"]) == (True, True)
    erased = [{"email": "a@example.com", "attributes": {"FIRSTNAME": ""}}]
    an_import(json_body=erased, empty_contacts_attributes="True").execute(context)
    assert not platform.get_contact("a@example.com")["attributes"].get("FIRSTNAME")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"exactly one of batch_uri, file_url, file_body, json_body; got none"),
        ({"json_body": PEOPLE, "file_body": "EMAIL\na@example.com"}, r"got file_body and json_body"),
        ({"json_body": PEOPLE, "batch_uri": "file:///a"}, r"got batch_uri and json_body"),
        ({"json_body": PEOPLE, "list_ids": ()}, r"needs a target"),
        ({"json_body": PEOPLE, "list_ids": "[]"}, r"needs a target"),
        ({"json_body": PEOPLE, "list_ids": "None"}, r"list_ids='None' is not an id"),
        ({"json_body": []}, r"json_body is empty"),
        ({"json_body": "[]"}, r"json_body is a list of objects"),
        ({"batch_uri": "file:///nowhere/batch-00001.json"}, r"does not exist; run the preparation again"),
        ({"file_url": "/data/contacts.csv"}, r"file_url must be an http\(s\) URL"),
        ({"json_body": PEOPLE, "notify_url": "here"}, r"notify_url must be an http\(s\) URL"),
        ({"json_body": PEOPLE, "email_blacklist": "maybe"}, r"email_blacklist='maybe' must be true or false"),
        ({"json_body": PEOPLE, "new_list": {"name": "x"}}, r"new_list has the keys \['name'\]"),
        (
            {"json_body": PEOPLE, "new_list": {"list_name": "x", "folder_id": "y"}},
            r"new_list\.folder_id='y' is not an id",
        ),
        (
            {"json_body": PEOPLE, "update_existing_contacts": False, "empty_contacts_attributes": True},
            r"change one of the two",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    arguments: dict[str, Any], message: str, context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match=message) as caught:
        an_import(**arguments).execute(context)
    assert "a@example.com" not in str(caught.value)
    assert asked(sandbox) == []
    assert context["task_state_store"] == {}


def test_a_body_over_the_limit_is_refused_before_anything_is_sent(
    context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match="over the limit of 8,000,000"):
        an_import(file_body="EMAIL\n" + "x" * 8_000_000).execute(context)
    assert asked(sandbox) == []


def test_an_unknown_list_fails_at_once(context: Context, sandbox: SandboxServer) -> None:
    with pytest.raises(AirflowFailException, match="List"):
        an_import(json_body=PEOPLE, list_ids=[999]).execute(context)
    assert sandbox.imports_accepted() == 0


def test_what_signs_an_address_is_masked(context: Context) -> None:
    operator = an_import(
        file_url="https://bucket.example/a.csv?X-Signature={{ 'abcdef' }}0123",
        notify_url="https://hooks.example/done?token=s3cr3t-t0k3n",
    )
    fields = _serialize_rendered_fields(rendered(operator, context))
    assert fields["file_url"] == "https://bucket.example/a.csv?***"
    assert fields["notify_url"] == "https://hooks.example***?***"
    assert operator.file_url == "https://bucket.example/a.csv?X-Signature=abcdef0123"


@pytest.mark.parametrize(
    ("argument", "address", "secrets"),
    [
        ("notify_url", "https://hook-user:hook-password@example.com/x", ["hook-user", "hook-password"]),
        ("notify_url", "https://u:pw@example.com/x", ["u:pw"]),
        ("notify_url", "https://u:p%40ssw0rd@example.com/x", ["p%40ssw0rd", "p@ssw0rd"]),
        ("notify_url", "https://example.com/services/T0000/B0000/s3cr3t", ["services", "s3cr3t"]),
        ("notify_url", "https://example.com/done#token=s3cr3t", ["s3cr3t"]),
        ("notify_url", "https://example.com/done?k=s3cr3t&x=1", ["s3cr3t"]),
        ("notify_url", "https://[x/s3cr3t", ["s3cr3t"]),
        ("file_url", "https://file-user:file-password@example.com/a.csv", ["file-user", "file-password"]),
        ("file_url", "https://example.com/a.csv#s3cr3t", ["s3cr3t"]),
        ("file_url", "https://[x?sig=s3cr3t", ["s3cr3t"]),
    ],
)
def test_whatever_opens_an_address_is_masked(
    argument: str, address: str, secrets: list[str], context: Context
) -> None:
    given = {"json_body": PEOPLE} if argument == "notify_url" else {}
    operator = rendered(an_import(**given, **{argument: address}), context)
    shown = str(_serialize_rendered_fields(operator)[argument])
    assert not [secret for secret in secrets if secret in shown]
    assert ("example.com" in address) == ("example.com" in shown)
    assert getattr(operator, argument) == address


def test_the_path_of_a_file_may_be_shown(context: Context) -> None:
    fields = _serialize_rendered_fields(
        rendered(an_import(file_url="https://u:pass-word@a.example/b.csv"), context)
    )
    assert fields["file_url"] == "https:***a.example/b.csv"


@pytest.mark.parametrize("address", ["https://[x", "https://", "ftp://example.com/x", "done"])
@pytest.mark.parametrize("argument", ["notify_url", "file_url"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(
    argument: str, address: str, context: Context, sandbox: SandboxServer
) -> None:
    given = {"json_body": PEOPLE} if argument == "notify_url" else {}
    operator = rendered(an_import(**given, **{argument: address}), context)
    with pytest.raises(AirflowFailException, match=rf"{argument} must be an http\(s\) URL"):
        operator.execute(context)
    assert "import" not in asked(sandbox)


def test_rows_are_not_among_the_rendered_fields() -> None:
    assert not {"json_body", "file_body"} & set(ImportContactsOperator.template_fields)
