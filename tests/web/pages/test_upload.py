"""A corrected file that is sent with the form of a retry: kept for its run, within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun

from email_contacts.web.pages import retry_form
from tests.web.conftest import set_connection
from tests.web.pages import users
from tests.web.pages.conftest import PAGES, Reader
from tests.web.pages.entries import make_receipt, put
from tests.web.pages.test_retry import FILLED_IN, REJECTED, retry_dag, runs

__all__ = ["retry_dag", "runs"]
pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
ROWS = b"email\nbob@example.com\n"
REJECTS = b"row,key,field,rule,message,value\n3,,email,email,Give an address.,***\n"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The staging folder of the connection ``crm``."""
    set_connection(monkeypatch, "crm", staging_uri=(tmp_path / "stage").as_uri())
    return tmp_path / "stage"


@pytest.fixture
def address(history: None) -> str:
    """The import that is retried. Its rows cannot be read again."""
    return put((users.CRM, make_receipt(1, rejects_uri=REJECTED["rejects_uri"])))[0]


def send(reader: Reader, address: str, name: str = "corrected.csv", rows: Any = ROWS, **more: Any) -> Any:
    """Send the form with a file, as a browser does."""
    given: dict[str, Any] = {"data": FILLED_IN | more.pop("fields", {}), "files": {"upload": (name, rows)}}
    return reader.door.request(
        "POST", f"{PAGES}/{address}/retry", cookies=reader.cookies, **{**given, **more}
    )


OF_PARTS = {"Content-Type": "multipart/form-data; boundary=b"}


def in_parts(filename: str) -> str:
    """The body of a form with an empty file of some name."""
    part = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    fields = "".join(part.format(name, "", value) for name, value in FILLED_IN.items())
    return fields + part.format("upload", f'; filename="{filename}"', "") + "--b--\r\n"


def kept(stage: Path) -> list[Path]:
    """Files in the staging folder."""
    return [path for path in stage.rglob("*") if path.is_file()]


def test_a_file_is_kept_for_the_run_that_it_starts_and_only_its_owner_may_read_it(
    admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    assert 'type="file"' in admin_reader.text(f"/{address}/retry")
    assert send(admin_reader, address, fields={"corrected_rows": "rejected"}).status_code == 303
    (run,) = runs()
    (path,) = kept(stage)
    assert run.conf == {
        "receipt": address, "conn_id": "crm", "corrected_file": path.as_uri(), "corrected_rows": "rejected",
        "mapping": None, "dry_run": False,
    }  # fmt: skip
    assert path.read_bytes() == ROWS
    assert path.parent.parent.parent == stage / "retry_rejects"
    assert {oct(one.stat().st_mode & 0o777) for one in (path, path.parent)} == {"0o600", "0o700"}


@pytest.mark.parametrize(
    ("name", "kept_as"),
    [
        ("people.XLSX", "uploaded-contacts.xlsx"),
        ("a.ndjson.gz", "uploaded-contacts.ndjson.gz"),
        ("../../../etc/cron.d/x.csv", "uploaded-contacts.csv"),
        ("..\\..\\x.csv", "uploaded-contacts.csv"),
        ("people.v2.csv", "uploaded-contacts.csv"),
        ("no suffix", "uploaded-contacts"),
        (".csv", "uploaded-contacts"),
        ("a." + "x" * 300, "uploaded-contacts"),
        ("a.c\u202esv", "uploaded-contacts"),
    ],
)
def test_of_a_files_name_only_what_tells_its_kind_is_kept(
    name: str, kept_as: str, admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    assert send(admin_reader, address, name).status_code == 303
    assert [path.name for path in kept(stage)] == [kept_as]
    assert len(runs()) == 1


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"rows": b""}, "Corrected file: must not be empty"),
        ({"fields": {"corrected_file": "/data/a.csv"}}, "Corrected file: choose a file or fill in Path"),
        ({"fields": {"corrected_rows": "some"}}, "Rows of the corrected file:"),
        ({"rows": REJECTS}, "Corrected file: this is the list of rejected rows"),
        ({"rows": b"\xef\xbb\xbf" + REJECTS.replace(b",", b";")}, "Corrected file: this is the list of"),
        (
            {"rows": b'"row","key","field","rule","message","value"\r\n'},
            "Corrected file: this is the list of",
        ),
    ],
)
def test_a_refusal_keeps_nothing(
    given: dict[str, Any],
    refusal: str,
    admin_reader: Reader,
    runs: Callable[[], list[DagRun]],
    stage: Path,
    address: str,
) -> None:
    answer = send(admin_reader, address, **given)
    assert (answer.status_code, refusal in answer.text) == (400, True)
    assert (runs(), kept(stage)) == ([], [])


def test_a_form_without_a_chosen_file_has_none(
    admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    """Browsers send the part all the same, without a name."""
    answer = send(admin_reader, address, files=None, data=in_parts(""), headers=OF_PARTS)
    assert (answer.status_code, "Corrected file: must be given" in answer.text) == (400, True)
    assert runs() == []


def test_the_type_of_a_form_may_be_written_in_capitals(
    admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    headers = {"Content-Type": "Multipart/Form-Data; boundary=b"}
    answer = send(admin_reader, address, files=None, data=in_parts("a.csv"), headers=headers)
    assert "Corrected file: must not be empty" in answer.text
    assert runs() == []


def test_a_file_that_is_sent_twice_is_kept_once_for_one_run(
    admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = [both.submit(send, admin_reader, address) for _ in range(2)]
    assert [one.result().status_code for one in answers] == [303, 303]
    ((run,), (path,)) = runs(), kept(stage)
    assert ((run.conf or {})["corrected_file"], path.read_bytes()) == (path.as_uri(), ROWS)
    assert send(admin_reader, address, rows=ROWS + b"eve@example.com\n").status_code == 303
    assert (len(runs()), len(kept(stage))) == (2, 2)


def test_what_is_too_much_or_no_form_is_not_read(
    admin_reader: Reader,
    runs: Callable[[], list[DagRun]],
    stage: Path,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry_form, "MAX_UPLOAD", 1000)
    assert send(admin_reader, address, rows=b"x" * 1001).status_code == 400
    assert send(admin_reader, address, rows=b"x" * 100_000).status_code == 413

    def of_unknown_length() -> Iterator[bytes]:
        yield b"--b\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (
        send(admin_reader, address, files=None, data=of_unknown_length(), headers=headers).status_code == 413
    )
    for body in (b"nothing of it", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"):
        assert send(admin_reader, address, files=None, data=body, headers=headers).status_code == 400
    assert (runs(), kept(stage)) == ([], [])


def test_where_the_staging_folder_cannot_be_written_to_a_path_is_asked_for(
    admin_reader: Reader, runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    stage.write_text("no folder")
    answer = send(admin_reader, address)
    assert (answer.status_code, "fill in Path of the corrected file" in answer.text) == (400, True)
    assert runs() == []


def test_a_file_whose_run_airflow_refuses_is_removed(
    admin_reader: Reader, stage: Path, address: str, retry_dag: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("no runs today")

    monkeypatch.setattr("email_contacts.web.airflow_history.trigger_dag", refuse)
    answer = send(admin_reader, address)
    assert (answer.status_code, "no runs today" in answer.text, kept(stage)) == (400, True, [])


@pytest.mark.parametrize("user", [users.OF_CRM, users.STRANGER])
def test_who_may_not_retry_leaves_no_file(
    user: str, reader: Callable[[str], Reader], runs: Callable[[], list[DagRun]], stage: Path, address: str
) -> None:
    assert send(reader(user), address).status_code in (403, 404)
    assert send(reader(users.ADMIN), address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (runs(), kept(stage)) == ([], [])
