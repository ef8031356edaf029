"""Preparing the rejected rows of an import of the history: what is refused, and what is taken over."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.contacts.staging.uploads import keep_upload, upload_folder
from email_contacts.imports.history import EntryKey
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.row_account import RowAccount
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.rejects import PrepareRejectsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import CONN_ID, PROJECT, connect
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

ENDED = "2026-11-22T10:00:00.000+00:00"
ID = "0123456789abcdef"
ADDRESS = f"2026-11-22T10:00:00.000/{ID}"
SOURCE = "E-Mail|born\nada@example.com|1815-12-10\nbob.example.com|1990-01-02\ncarl@example.com|31.12.1980\n"
READ_AS = {"delimiter": "|", "unknown_columns": "drop"}


class Before:
    """An import whose receipt is in the history, with one rejected row.

    :param folder: where its source is.
    """

    def __init__(self, store: StateStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.history = StateStore()
        self.source = folder / "people.csv"
        self.source.write_text(SOURCE)
        self.manifest = self.prepare()
        self.receipt: dict[str, Any] = {}
        self.says()

    def prepare(self) -> Manifest:
        """Prepare the source."""
        context = make_context(self.store)
        options: dict[str, Any] = {**READ_AS, "mapping": {"columns": {"e-mail": "EMAIL"}}}
        PrepareContactsOperator(task_id="prepare", source=str(self.source), **options).execute(context)
        return Manifest.read(Path(pushed(context)["manifest_uri"].removeprefix("file://")))

    def says(self, *, conn_id: str = CONN_ID, **changes: Any) -> None:
        """Put its receipt into the history."""
        made = self.manifest
        fields: dict[str, Any] = {
            "receipt_id": ID, "dag_id": "a", "run_id": "b", "source": made.source, "folder_id": 1,
            "fingerprint": made.fingerprint, "list_ids": (2,), "process_ids": (5,), "reason": "",
            "state": "completed_with_rejects", "rows": RowAccount(3, 2, 1), "platform": {}, "lists": {},
            "rejects_uri": made.rejects_uri, "started_at": ENDED, "submitted_at": ENDED, "requests": {},
            "finished_at": ENDED, "source_version": made.source_version, "read_as": READ_AS,
        }  # fmt: skip
        self.receipt = Receipt(**fields | changes).to_json()
        self.history[str(EntryKey.of(self.receipt))] = {"conn_id": conn_id, "receipt": self.receipt}

    def retry(self, address: str = ADDRESS, **arguments: Any) -> tuple[Manifest, Context]:
        """Prepare its rejected rows."""
        context = make_context(self.store, asset_store=self.history)
        context["ti"].task_id = "retry"
        arguments = {"mapping": {"columns": {"e-mail": "EMAIL"}}, "max_rejects": "100%"} | arguments
        task = PrepareRejectsOperator(task_id="retry", receipt=address, **arguments)
        task.execute(context)
        return Manifest.read(Path(pushed(context)["manifest_uri"].removeprefix("file://"))), context


@pytest.fixture
def before(store: StateStore, tmp_path: Path, connection: str) -> Before:
    """The import that is retried."""
    return Before(store, tmp_path)


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """A file with the corrected row only, as a spreadsheet saves it."""
    path = tmp_path / "corrected.csv"
    path.write_text("E-Mail;born\nbob@example.com;1990-01-02\n")
    return path


def platform_list(before: Before, text: str) -> str:
    """Write a list of contacts that the platform rejected; its address."""
    path = Path(before.manifest.rejects_uri.removeprefix("file://")).with_name("platform_rejects.csv")
    path.write_text(f"row,key,field,rule,message,value\n{text}")
    return path.as_uri()


def test_rows_that_the_platform_rejected_are_read_again_too(
    before: Before, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "3,,EMAIL,invalid_emails,no,***\n,,EMAIL,invalid_emails,not found,***\n"
    before.says(platform_rejects_uri=platform_list(before, lines), platform={"invalid_emails": 2})
    manifest, context = before.retry()
    assert (manifest.rows.read, manifest.rows.accepted, manifest.rows.rejected) == (2, 1, 1)
    sent = Path(manifest.batches[0].uri.removeprefix("file://")).read_text()
    assert "carl@example.com" in sent
    assert "ada@example.com" not in sent
    assert (pushed(context)["retry_of"], pushed(context)["list_ids"]) == (ADDRESS, [2])
    said = "".join(capsys.readouterr())
    assert "1 contacts that the platform rejected were not found" in said
    assert "@example.com" not in said + json.dumps(pushed(context))


@pytest.mark.parametrize("address", [ADDRESS, f"https://airflow/plugin/contact-imports/x/{ADDRESS}/"])
def test_an_import_is_named_by_the_address_of_its_page_or_its_end(
    before: Before, address: str, corrected: Path
) -> None:
    manifest, _ = before.retry(address, source=str(corrected))
    assert (manifest.rows.read, manifest.rows.accepted) == (1, 1)


def test_how_the_source_was_read_is_taken_over_but_not_for_another_file(
    before: Before, corrected: Path
) -> None:
    before.says(platform_rejects_uri=platform_list(before, "3,,EMAIL,invalid_emails,no,***\n"))
    manifest, _ = before.retry()
    assert manifest.read_as == {**READ_AS, "mapping_in_dag": True}
    manifest, _ = before.retry(source=str(corrected))
    assert manifest.read_as == {"unknown_columns": "drop", "mapping_in_dag": True}


def test_people_who_opted_out_are_never_imported_because_a_receipt_says_so(before: Before) -> None:
    listed = platform_list(before, "3,,EMAIL,invalid_emails,no,***\n")
    before.says(read_as={**READ_AS, "opted_out": "import"}, platform_rejects_uri=listed)
    manifest, _ = before.retry()
    assert "opted_out" not in manifest.read_as


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source_version": ""}, "no version of the source"),
        ({"source_version": "0" * 32}, "has changed since the import"),
        ({"rows": RowAccount(3, 3)}, "has no rejected rows"),
        ({"list_ids": ()}, "does not name the lists it went into"),
        ({"rejects_uri": "file:///etc/passwd"}, "is not a list of rejected rows"),
        ({"rejects_uri": (PROJECT / "rejects.csv").as_uri()}, "may be read here"),
        ({"read_as": {"mapping_in_dag": True}}, "stands in its DAG; give a mapping document"),
        ({"guards": {"consent": "hold_back"}}, "could import people who opted out"),
        ({"conn_id": "another"}, "is not the connection of the import"),
    ],
)
def test_what_cannot_be_retried_is_refused_with_what_to_do(
    before: Before, changes: dict[str, Any], message: str
) -> None:
    before.says(**changes)
    with pytest.raises(AirflowFailException, match=message):
        before.retry(mapping="")


@pytest.mark.parametrize("entry", [None, {}, {"conn_id": "a"}, {"conn_id": "a", "receipt": {"rows": 1}}, 5])
@pytest.mark.parametrize("address", ["", "x", ADDRESS, f"2026-11-22/{ID}"])
def test_what_is_no_receipt_is_refused(before: Before, entry: Any, address: str) -> None:
    before.history[f"receipt/{ADDRESS.replace('/', 'Z/')}"] = entry
    with pytest.raises(AirflowFailException, match=r"^receipt"):
        before.retry(address)


def test_lists_that_were_cleaned_away_leave_the_corrected_file(before: Before, corrected: Path) -> None:
    Path(before.manifest.rejects_uri.removeprefix("file://")).unlink()
    with pytest.raises(AirflowFailException, match="not in the staging folder any more"):
        before.retry()
    manifest, _ = before.retry(source=str(corrected))
    assert manifest.rows.accepted == 1


def test_the_lists_of_a_later_preparation_in_the_same_stage_are_those_of_another_import(
    before: Before, corrected: Path
) -> None:
    """The run was cleared: what is sent is the same, but another row is rejected."""
    header, ada, bob, carl = SOURCE.splitlines(keepends=True)
    before.source.write_text("".join([header, ada, carl, bob]))
    later = before.prepare()
    earlier = before.manifest
    assert (later.fingerprint, later.rejects_uri) == (earlier.fingerprint, earlier.rejects_uri)
    with pytest.raises(AirflowFailException, match="not in the staging folder any more"):
        before.retry(source=str(corrected), corrected_rows="rejected")


def test_a_copy_that_is_shorter_than_the_source_is_not_read_by_its_numbers(
    before: Before, corrected: Path
) -> None:
    with pytest.raises(AirflowFailException, match="ends before row 2"):
        before.retry(source=str(corrected), corrected_rows="rejected", delimiter=";")


@pytest.mark.parametrize("where", ["source", "mapping"])
def test_what_the_connection_does_not_allow_is_not_read(
    before: Before, where: str, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path / "stage", source_roots=str(tmp_path))
    with pytest.raises(AirflowFailException, match="may be read here"):
        before.retry(**{where: "/etc/passwd"}, restrict_sources=True)


def uploaded(folder: Path, run_id: str, text: str) -> str:
    """Put a file where the form of a retry keeps it for a run; its address."""
    place = cast("Path", upload_folder(folder / "stage", make_context(StateStore())["ti"].dag_id, run_id))
    kept = keep_upload(place, io.BytesIO(text.encode()), name="corrected.csv")
    return cast("Path", kept).as_uri()


def test_what_was_uploaded_for_this_run_or_the_one_that_is_retried_is_read_and_no_others(
    before: Before, corrected: Path, tmp_path: Path
) -> None:
    text = corrected.read_text()
    run_id = make_context(StateStore())["ti"].run_id
    own = uploaded(tmp_path, run_id, text)
    manifest, _ = before.retry(source=own, restrict_sources=True)
    assert manifest.rows.accepted == 1
    before.says(run_id="the_retried_one")
    earlier = uploaded(tmp_path, "the_retried_one", text)
    assert before.retry(source=earlier, restrict_sources=True)[0].rows.accepted == 1
    others = uploaded(tmp_path, "anothers", text)
    with pytest.raises(AirflowFailException, match="may be read here"):
        before.retry(source=others, restrict_sources=True)
