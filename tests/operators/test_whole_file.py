"""One file for all rows, from its preparation to its receipt: staged in a bucket, and fetched from there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from email_contacts.api import ContactsApiError, ContactsClient
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sandbox import SandboxServer
from local.object_store import ObjectStore
from tests.conftest import connect
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

ROWS = 300


@pytest.fixture
def prepared(
    sandbox: SandboxServer, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A preparation in the bucket; what it pushed."""
    connect(
        monkeypatch, sandbox, stage=tmp_path, staging_uri=f"{object_store.uri}/s", requests_per_second=1000
    )
    source = tmp_path / "people.csv"
    people = [f'p{one}@example.com,"Zoë; ""{one}""\nof many"' for one in range(ROWS)]
    source.write_text("\n".join(["email,firstname", *people, "nobody,N", "P7@example.com,seven"]))
    context = make_context(StateStore())
    operator = PrepareContactsOperator(task_id="prepare", source=str(source), body="file_url")
    (uri,) = operator.execute(context)
    assert uri.endswith("/contacts.csv")
    return context


def test_an_address_that_has_run_out_is_refused_and_a_new_one_brings_every_row(
    prepared: Context,
    sandbox: SandboxServer,
    platform: ContactsClient,
    object_store: ObjectStore,
    store: StateStore,
) -> None:
    manifest_uri = pushed(prepared)["manifest_uri"]
    stage = object_store.path(*manifest_uri.split("/")[3:-1])

    def import_it(context: Context) -> int:
        operator = ImportContactsOperator(
            task_id="import",
            batch_uri=str(stage / "contacts.csv"),
            file_url_expires=60,
            list_ids=[LIST],
            deferrable=False,
            poll_interval=0.02,
            reconciliation_timeout=0.0,
        )
        return cast("int", operator.execute(context))

    object_store.doorman.ahead = timedelta(seconds=61)
    with pytest.raises(ContactsApiError):
        import_it(make_context(store))
    assert sandbox.imports_accepted() == 0
    assert object_store.doorman.asked == object_store.doorman.refused != []

    object_store.doorman.ahead = timedelta(0)
    imported = make_context(store)
    process_id = import_it(imported)
    assert sandbox.imports_accepted() == 1
    assert platform.get_list(LIST).unique_subscribers == ROWS
    assert platform.get_contact("p7@example.com")["attributes"]["FIRSTNAME"] == "seven"
    assert platform.get_contact("p8@example.com")["attributes"]["FIRSTNAME"] == 'Zoë; "8"\nof many'

    submissions = [pushed(imported)["submission"]]
    verdict = VerifyImportOperator(
        task_id="verify",
        manifest_uri=manifest_uri,
        process_ids=[process_id],
        list_ids=[LIST],
        submissions=submissions,
        patience=0,
    ).execute(make_context(StateStore()))
    receipt = WriteReceiptOperator(
        task_id="receipt",
        manifest_uri=manifest_uri,
        verdict=verdict,
        submissions=submissions,
        sizes_before=[{"id": LIST, "size": 0}],
    ).execute(make_context(StateStore()))
    assert receipt["state"] == "completed_with_rejects"
    assert receipt["rows"] == {
        "read": ROWS + 2, "accepted": ROWS, "rejected": 1, "duplicates": 1, "held_back": 0,
    }  # fmt: skip
    assert receipt["lists"] == {str(LIST): {"before": 0, "after": ROWS}}
    assert not (stage / "contacts.csv").exists()
    assert (stage / "receipt.json").exists()
