"""A wrong value of any argument of any operator is a message that names the argument, and shows no person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from email_contacts.api import ContactsClient, InvalidRequest
from email_contacts.arguments import InvalidArgument
from email_contacts.hook import ContactsHook
from email_contacts.operators.brakes import CheckBrakesOperator
from email_contacts.operators.contacts import CreateContactOperator
from email_contacts.operators.folders import CreateFolderOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import RemoveFromListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sensor import ImportCompletedSensor
from tests.conftest import PROJECT
from tests.operators.conftest import LIST, asked
from tests.operators.test_templated import arguments, operators
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

    from email_contacts.sandbox import SandboxServer

SAMPLE = str(PROJECT / "include" / "sample_contacts" / "contacts.csv")
PERSON, NAME, NUMBER = "ada.lovelace@example.com", "Ada", 4915112345678
# What rows may be given to by mistake.
PERSONAL = {
    "email_address", "ext_id", "attributes", "emails", "contact_ids", "ext_ids", "smtp_blacklist_sender",
    "json_body", "file_body",
}  # fmt: skip
WRONG: list[Any] = [
    None, "None", "", [], -1, 1.5, "nonsense", ["x"], [{"a": 1}], {"a": 1}, b"x", object(), timedelta(-1),
    [PERSON], [{"email": PERSON, "name": NAME}], {PERSON: NUMBER}, [[NAME]], NUMBER, [NUMBER],
]  # fmt: skip


def right(manifest: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What each operator is given beside the wrong value."""
    small = folder / "small.csv"
    small.write_text("EMAIL\nb@example.com\n")
    return {
        "CheckBrakesOperator": {"manifest_uri": manifest},
        "CheckFreshnessOperator": {"snapshot": "x", "fresh_within": 3},
        "ConfirmSnapshotOperator": {"manifest_uri": manifest, "receipt": {}},
        "CreateContactOperator": {"email_address": "b@example.com", "update_enabled": True},
        "CreateFolderOperator": {"name": "x"},
        "CreateListOperator": {"name": "x", "folder_id": 1},
        "ExportContactsOperator": {"path": (folder / "export").as_uri()},
        "GetContactsOperator": {"path": (folder / "contacts").as_uri()},
        "GetFolderListsOperator": {"folder_id": 1},
        "GetListContactsOperator": {"list_id": LIST, "path": (folder / "list").as_uri()},
        "GetListOperator": {"list_id": LIST},
        "ImportContactsOperator": {"list_ids": [LIST]},
        "MergePartitionsOperator": {"partitions": []},
        "PreparePartitionOperator": {"partition": {}},
        "PrepareContactsOperator": {"source": str(small)},
        "PrepareRejectsOperator": {"receipt": "x"},
        "PropagateOptOutsOperator": {"manifest_uri": manifest},
        "RemoveFromListOperator": {"list_id": LIST},
        "SettleGoneContactsOperator": {"manifest_uri": manifest, "verdict": {}, "list_ids": [LIST]},
        "SplitSourceOperator": {"source": str(PROJECT / "include")},
        "VerifyImportOperator": {
            "manifest_uri": manifest, "process_ids": [], "list_ids": [LIST], "patience": 0
        },
        "WriteReceiptOperator": {"manifest_uri": manifest, "verdict": {}},
    }  # fmt: skip


@pytest.fixture
def prepared(connection: str, context: Context) -> str:
    PrepareContactsOperator(task_id="prepare", source=SAMPLE).execute(context)
    uri: str = pushed(context)["manifest_uri"]
    return uri


@pytest.mark.filterwarnings("ignore:(awaited_by|patience) is deprecated")
@pytest.mark.parametrize(
    "operator",
    [*(one for one in operators() if one.execute is not BaseOperator.execute), CheckBrakesOperator],
    ids=lambda operator: operator.__name__,
)
def test_it_is_refused_by_name_and_shows_nobody(operator: Any, prepared: str, tmp_path: Path) -> None:
    given = right(prepared, tmp_path).get(operator.__name__, {})
    for name in sorted(arguments(operator)):
        for value in WRONG:
            task_context = make_context(StateStore())
            try:
                operator(task_id="task", **{**given, name: value}).execute(task_context)
            except (AirflowFailException, InvalidArgument) as error:
                shown = [one for one in (PERSON, NAME, str(NUMBER)) if one in str(error)]
                if shown and name in PERSONAL:
                    pytest.fail(f"{name}={value!r} shows {shown}: {error}")
            except (AirflowSkipException, TaskDeferred):
                pass


def test_nothing_is_written_below_the_workers_own_folder(
    connection: str, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    task = WriteReceiptOperator(task_id="receipt", manifest_uri="manifest.json", verdict={})
    with pytest.raises(AirflowFailException, match=r"manifest_uri='manifest\.json' is a relative path"):
        task.execute(context)
    assert list(Path.cwd().iterdir()) == []


def test_an_ext_id_that_is_a_null_value_is_nobodys(connection: str, context: Context) -> None:
    for word in ("None", "null", " NaN "):
        with pytest.raises(AirflowFailException, match=r"ext_id=.* is a null value"):
            CreateContactOperator(task_id="one", ext_id=word, update_enabled=True).execute(context)


def test_an_address_among_ids_is_not_shown(connection: str, context: Context) -> None:
    task = RemoveFromListOperator(task_id="remove", list_id=LIST, contact_ids=PERSON)
    with pytest.raises(AirflowFailException, match="contact_ids=<text with an @> is not an id"):
        task.execute(context)


def test_gone_contacts_without_a_snapshot_are_refused(connection: str, context: Context) -> None:
    for gone in ("remove", "blacklist"):
        task = PrepareContactsOperator(task_id="prepare", source=SAMPLE, gone=gone)
        with pytest.raises(AirflowFailException, match=f"gone='{gone}' needs a snapshot"):
            task.execute(context)


@pytest.mark.parametrize("made", [ImportContactsOperator, ImportCompletedSensor])
def test_a_switch_that_is_not_templated_is_read_when_the_dag_is_parsed(made: Any) -> None:
    assert made(task_id="one", deferrable="False").deferrable is False
    with pytest.raises(InvalidArgument, match=r"deferrable='\{\{ var \}\}' must be true or false"):
        made(task_id="one", deferrable="{{ var }}")


def test_what_other_tasks_return_is_told_apart(prepared: str) -> None:
    given: dict[str, Any] = {"task_id": "one", "manifest_uri": prepared}
    wrong: list[tuple[Any, str]] = [
        (VerifyImportOperator(**given, process_ids=[], list_ids=[], sizes_before={"a": 1}), "sizes_before"),
        (VerifyImportOperator(**given, process_ids=[], list_ids=[], completions=[{"a": 1}]), "completions"),
        (WriteReceiptOperator(**given, verdict={"state": "completed"}), "verdict"),
    ]
    for task, name in wrong:
        with pytest.raises(AirflowFailException, match=f"{name} must be what"):
            task.execute(make_context(StateStore()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.create_contact(attributes="{'A': 1}"), "attributes must be an object"),
        (lambda client: client.create_contact(attributes={PERSON: 1}), "the attribute name str must be"),
        (lambda client: client.remove_from_list(LIST, emails=5), "emails must be a list of texts, not int"),
        (lambda client: client.import_contacts({"listIds": [1]}), "the request is a dict, and must be"),
    ],
)
def test_the_hooks_client_refuses_them_too(connection: str, call: Any, message: str) -> None:
    client: ContactsClient = ContactsHook().client
    with pytest.raises(InvalidRequest, match=message):
        call(client)


def test_a_name_to_look_up_must_be_text(connection: str) -> None:
    with pytest.raises(InvalidArgument, match="name=None must be text"):
        ContactsHook().find_folder(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["json_body", "file_body"])
def test_rows_are_not_taken_from_xcom(name: str) -> None:
    with DAG("rows", schedule=None):
        output = CreateFolderOperator(task_id="folder", name="x").output
        for at, value in enumerate((output, "{{ ti.xcom_pull('rows') }}")):
            given: dict[str, Any] = {name: value}
            with pytest.raises(InvalidArgument, match=f"{name} is the output of a task or a template"):
                ImportContactsOperator(task_id=f"import{at}", **given)


def test_none_that_was_rendered_is_no_name(connection: str, context: Context, sandbox: SandboxServer) -> None:
    for task in (
        CreateFolderOperator(task_id="one", name="None"),
        PrepareContactsOperator(task_id="one", source=SAMPLE, snapshot="None"),
    ):
        with pytest.raises(AirflowFailException, match="what a template makes of None"):
            task.execute(context)
    assert set(asked(sandbox)) <= {"attributes"}


def test_the_batches_of_several_preparations_are_no_batch(connection: str, context: Context) -> None:
    task = ImportContactsOperator(task_id="import", batch_uri=["s3://a/1.json"], list_ids=[LIST])  # type: ignore[arg-type]
    with pytest.raises(AirflowFailException, match=r"batch_uri is a list.*folder or a pattern"):
        task.execute(context)
