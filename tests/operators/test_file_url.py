"""A staged file that the platform fetches: from a real object store, by a signed address."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from email_contacts.api import ContactsApiError, ContactsClient
from email_contacts.contacts.staging.manifest import Batch, Manifest, Rows
from email_contacts.imports import failpoints
from email_contacts.operators import staged_files
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from local.object_store import ObjectStore
from tests.operators.conftest import LIST, asked, rendered
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

PEOPLE = 40
CSV = "".join(["EMAIL;FIRSTNAME\n", *(f"p{one}@example.com;P\n" for one in range(PEOPLE))]).encode()


def an_import(uri: str, **arguments: Any) -> ImportContactsOperator:
    """An import that is waited for in the worker."""
    given = {
        "deferrable": False,
        "poll_interval": 0.02,
        "reconciliation_timeout": 0.0,
        "timeout": 30.0,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", batch_uri=uri, list_ids=[LIST], **given)


@pytest.fixture
def staged(object_store: ObjectStore) -> ObjectStoragePath:
    """A prepared file in a stage, with its manifest."""
    path = object_store.path("stage", "contacts.csv")
    path.write_bytes(CSV)
    batch = Batch(uri=str(path), bytes=len(CSV), contacts=PEOPLE, fingerprint=hashlib.sha256(CSV).hexdigest())
    Manifest(
        source="file:///source.csv",
        rows=Rows(read=PEOPLE, accepted=PEOPLE, rejected=0, duplicates=0),
        batches=(batch,),
        rejects_uri=str(path.parent / "rejects.csv"),
        duplicates_uri=str(path.parent / "duplicates.csv"),
    ).write(path.parent / "manifest.json")
    return path


def test_the_platform_fetches_the_file_in_one_import(
    staged: ObjectStoragePath,
    object_store: ObjectStore,
    context: Context,
    platform: ContactsClient,
    sandbox: SandboxServer,
) -> None:
    process_id = an_import(str(staged)).execute(context)
    assert process_id is not None
    assert platform.process(process_id).is_completed
    assert platform.get_list(LIST).unique_subscribers == PEOPLE
    assert platform.get_contact("p7@example.com")["attributes"]["FIRSTNAME"] == "P"
    assert sandbox.imports_accepted() == 1
    (query,) = object_store.doorman.asked
    assert parse_qs(query)["X-Amz-Expires"] == [str(6 * 3600)]


def test_an_address_whose_time_has_passed_opens_nothing(
    staged: ObjectStoragePath, object_store: ObjectStore, context: Context, sandbox: SandboxServer
) -> None:
    object_store.doorman.ahead = timedelta(seconds=61)
    with pytest.raises(ContactsApiError):
        an_import(str(staged), file_url_expires=60).execute(context)
    assert sandbox.imports_accepted() == 0
    assert object_store.doorman.refused
    assert parse_qs(object_store.doorman.refused[0])["X-Amz-Expires"] == ["60"]


def test_the_signature_is_nowhere_to_be_seen(
    staged: ObjectStoragePath,
    object_store: ObjectStore,
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    masked: list[str] = []
    monkeypatch.setattr(staged_files, "mask_secret", masked.append)
    sandbox.set_knobs(faults=["import:400"])
    operator = rendered(an_import(str(staged)), context)
    with pytest.raises(AirflowFailException) as caught:
        operator.execute(context)
    an_import(str(staged)).execute(context)
    query = object_store.doorman.asked[-1]
    (signature,) = parse_qs(query)["X-Amz-Signature"]
    assert {query, signature} <= set(masked)
    said = capfd.readouterr()
    fields = _serialize_rendered_fields(operator)
    for where in (str(caught.value), json.dumps([pushed(context), store, fields]), said.out, said.err):
        assert "X-Amz" not in where
        assert signature not in where


class Killed(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize("moment", [failpoints.AFTER_ANSWER, failpoints.AFTER_LEDGER])
def test_a_retry_with_another_signature_reconnects(
    moment: str,
    staged: ObjectStoragePath,
    object_store: ObjectStore,
    store: StateStore,
    sandbox: SandboxServer,
    platform: ContactsClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(reached: str) -> None:
        if reached == moment:
            raise Killed

    sandbox.set_knobs(process_seconds=0.2)
    with monkeypatch.context() as patched:
        patched.setattr("email_contacts.imports.submission.submitter.failpoints.reached", die)
        with pytest.raises(Killed):
            an_import(str(staged)).execute(make_context(store))
    context = make_context(store)
    an_import(str(staged), file_url_expires=120).execute(context)
    assert sandbox.imports_accepted() == 1
    assert pushed(context)["submission"]["is_reconnected"]
    assert platform.get_list(LIST).unique_subscribers == PEOPLE


def test_a_lost_answer_is_found_by_the_rows_of_the_file(
    staged: ObjectStoragePath, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(faults=["import:524_after_accepting"])
    an_import(str(staged)).execute(context)
    assert sandbox.imports_accepted() == 1
    assert asked(sandbox).count("list_contacts") == 1
    submission = pushed(context)["submission"]
    assert submission["decision"].startswith("adopted")
    assert submission["repeats"] == 0
    assert submission["batch_uri"] == str(staged)


def test_every_sending_is_signed_anew(
    staged: ObjectStoragePath, context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address may have run out while the request waited for its turn."""
    sandbox.set_knobs(faults=["import:500"])
    signed: list[str] = []

    def sign(*given: Any, **how: Any) -> str:
        signed.append(staged_files.signed_address(*given, **how))
        return signed[-1]

    monkeypatch.setattr("email_contacts.operators.import_arguments.signed_address", sign)
    an_import(str(staged)).execute(context)
    # Once to see that it can be, and once for each of the two sendings.
    assert len(signed) == 3
    assert sandbox.imports_accepted() == 1


def test_another_file_under_the_same_name_is_another_import(
    staged: ObjectStoragePath, store: StateStore, sandbox: SandboxServer
) -> None:
    an_import(str(staged)).execute(make_context(store))
    (staged.parent / "manifest.json").unlink()
    staged.write_bytes(CSV + b"one@more.example;P\n")
    an_import(str(staged)).execute(make_context(store))
    assert sandbox.imports_accepted() == 2


def test_a_stage_on_a_disk_cannot_be_fetched_from(
    context: Context, sandbox: SandboxServer, tmp_path: Path
) -> None:
    (tmp_path / "contacts.csv").write_bytes(CSV)
    with pytest.raises(AirflowFailException, match="Set the connection's staging_uri to a bucket"):
        an_import((tmp_path / "contacts.csv").as_uri()).execute(context)
    assert asked(sandbox) == []


@pytest.mark.parametrize("seconds", [59, 7 * 24 * 3600 + 1, "1 hour", "9" * 5000, -60, 90.5, True, None])
def test_an_address_is_good_for_a_minute_to_a_week(
    seconds: Any, staged: ObjectStoragePath, context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(AirflowFailException, match=r"file_url_expires=.* between 60 and 604800"):
        an_import(str(staged), file_url_expires=seconds).execute(context)
    assert asked(sandbox) == []
