"""Retrying rejected rows from an import's page: the form, who may send it, and links between both imports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from email_contacts.imports.verification.row_account import RowAccount
from tests.conftest import PROJECT
from tests.web.pages import users
from tests.web.pages.conftest import PAGES, Reader
from tests.web.pages.entries import make_receipt, put

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REJECTED: dict[str, Any] = {"rejects_uri": "file:///stage/crm/rejects.csv", "source_version": "a" * 32}
FORM_ID = "2026-11-22T10:00:00.000000+00:00_0123456789abcdef"
FILLED_IN = {"form_id": FORM_ID, "corrected_file": "", "corrected_rows": "all", "mapping": ""}


@pytest.fixture(scope="module")
def retry_dag(database: str) -> None:
    """The DAG, as the DAG processor leaves it in the metadata database."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel

    with create_session() as session:
        session.merge(DagBundleModel(name="tests"))
    sync_bag_to_db(DagBag(PROJECT / "dags" / "retry_rejects.py", bundle_name="tests"), "tests", None)


@pytest.fixture
def runs(retry_dag: None) -> Iterator[Callable[[], list[DagRun]]]:
    """The runs of the DAG that were started since the test began."""

    def started() -> list[DagRun]:
        with create_session() as session:
            return list(session.scalars(select(DagRun).where(DagRun.dag_id == "retry_rejects")))

    yield started
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == "retry_rejects"))


def send(reader: Reader, address: str, headers: Any = None, **fields: str) -> Any:
    """Send the form."""
    path = f"{PAGES}/{address}/retry"
    return reader.door.request(
        "POST", path, cookies=reader.cookies, data={**FILLED_IN, **fields}, headers=headers
    )


def test_the_form_is_filled_in_and_starts_a_run_in_the_users_name(
    admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    mapping = "s3://exports/people.yaml"
    (address,) = put((users.CRM, make_receipt(1, **REJECTED, read_as={"mapping": mapping})))
    assert f'href="{PAGES}/{address}/retry"' in admin_reader.text(f"/{address}")
    form = admin_reader.text(f"/{address}/retry")
    assert f'id="mapping" name="mapping" value="{mapping}"' in form
    assert "22 rows of" in form
    answer = send(
        admin_reader, address, corrected_file=" /data/a.csv ", corrected_rows="rejected", dry_run="true"
    )
    (run,) = runs()
    assert answer.status_code == 303
    assert run.conf == {
        "receipt": address, "conn_id": "crm", "corrected_file": "/data/a.csv", "corrected_rows": "rejected",
        "mapping": None, "dry_run": True,
    }  # fmt: skip
    assert (run.triggering_user_name, run.state) == (users.ADMIN, "queued")
    page = admin_reader.text(answer.headers["location"].removeprefix(PAGES))
    assert "The retry has started" in page
    assert "/dags/retry_rejects/runs/manual__" in page
    watched = re.search(rf'href="{PAGES}(/progress[^"]*)">Watch it<', page)
    assert watched
    assert '<span class="badge running">queued</span>' in admin_reader.text(watched[1])


def test_two_imports_show_each_other(admin_reader: Reader, retry_dag: None) -> None:
    old = make_receipt(2, **REJECTED)
    (first,) = put((users.CRM, old))
    (second,) = put((users.SHOP, make_receipt(1, retry_of=first)))
    assert f'Retries the rejected rows of <a href="{PAGES}/{first}">' in admin_reader.text(f"/{second}")
    assert f'were retried: <a href="{PAGES}/{second}">' in admin_reader.text(f"/{first}")


@pytest.mark.parametrize(
    ("retried", "is_mended"),
    [
        ({"state": "completed", "rows": RowAccount(22, 22, 0, 0)}, True),
        ({"state": "completed", "rows": RowAccount(3, 3, 0, 0)}, False),
        ({"state": "completed_with_rejects", "rows": RowAccount(23, 22, 1, 0)}, False),
        ({"state": "dry_run", "rows": RowAccount(22, 22, 0, 0)}, False),
    ],
)
def test_an_import_whose_rejected_rows_a_retry_has_imported_needs_nothing_more(
    retried: dict[str, Any], is_mended: bool, admin_reader: Reader, retry_dag: None
) -> None:
    (first,) = put((users.CRM, make_receipt(2, **REJECTED)))
    put((users.SHOP, make_receipt(1, retry_of=first, **retried)))
    said = "Nothing to do: a retry has imported the rejected rows." in admin_reader.text(f"/{first}")
    assert said == is_mended


def test_of_two_imports_of_one_source_in_a_run_only_the_one_that_was_retried_says_so(
    admin_reader: Reader, retry_dag: None
) -> None:
    """Their receipts have the same id."""
    into = [make_receipt(number, **REJECTED, receipt_id="a" * 16, list_ids=(number,)) for number in (2, 3)]
    retried, other = put(*((users.CRM, one) for one in into))
    put((users.CRM, make_receipt(1, retry_of=retried, state="completed", rows=RowAccount(22, 22, 0, 0))))
    for address, is_shown in ((retried, True), (other, False)):
        text = admin_reader.text(f"/{address}")
        assert ("a retry has imported the rejected rows" in text) == is_shown
        assert ("were retried" in text) == is_shown


def test_an_import_does_not_show_the_retry_that_one_may_not_see(
    reader: Callable[[str], Reader], retry_dag: None
) -> None:
    (first,) = put((users.CRM, make_receipt(2, **REJECTED)))
    (second,) = put((users.SHOP, make_receipt(1, retry_of=first)))
    assert second not in reader(users.OF_CRM).text(f"/{first}")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"corrected_rows": "some"}, "Rows of the corrected file:"),
        ({"corrected_file": "x" * 2001}, "Path of the corrected file: must have at most"),
        ({"corrected_file": "/data/a\0b"}, "Path of the corrected file: must not have control characters"),
        ({"mapping": "x" * 2001}, "Mapping document: must have at most"),
        ({"mapping": "a\nb"}, "Mapping document: must not have control characters"),
    ],
)
def test_a_refusal_names_the_field_and_starts_nothing(
    fields: dict[str, str], refusal: str, admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    answer = send(admin_reader, address, **fields)
    assert (answer.status_code, refusal in answer.text, runs()) == (400, True, [])


def test_a_source_that_cannot_be_read_again_asks_for_the_corrected_file(
    admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, rejects_uri=REJECTED["rejects_uri"])))
    answer = send(admin_reader, address)
    assert (answer.status_code, "Corrected file: must be given" in answer.text) == (400, True)
    assert send(admin_reader, address, corrected_file="/data/a.csv").status_code == 303


def test_only_who_may_start_runs_of_the_dag_may_retry(
    reader: Callable[[str], Reader], runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    for user, status in ((users.OF_CRM, 403), (users.WITHOUT_LOGS, 403), (users.STRANGER, 404)):
        one = reader(user)
        assert one.get(f"/{address}/retry").status_code == status
        assert send(one, address).status_code == status
    assert "Retry rejected rows" not in reader(users.OF_CRM).text(f"/{address}")
    assert runs() == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_cannot_send_the_form(
    site: str, admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    assert send(admin_reader, address, {"Sec-Fetch-Site": site}).status_code == 403
    assert runs() == []


def test_a_form_with_fields_that_it_does_not_have_is_none(
    admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    answer = send(admin_reader, address, **{f"more_{number}": "" for number in range(1000)})
    assert (answer.status_code, "This form cannot be read" in answer.text) == (400, True)
    assert runs() == []


FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps({**FILLED_IN, "dry_run": True}), {"Content-Type": "application/json"}),
        (urlencode(FILLED_IN), {"Content-Type": "text/plain"}),
        (urlencode(FILLED_IN), {}),
        ("", {}),
        ("", FORM_TYPE),
        ("dry_run=true", FORM_TYPE),
        (urlencode({**FILLED_IN, "form_id": ""}), FORM_TYPE),
        (urlencode({**FILLED_IN, "form_id": f"x{FORM_ID}"}), FORM_TYPE),
        (urlencode({"form_id": FORM_ID, "dry_run": "true"}), FORM_TYPE),
        ("--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}),
        ("", {"Content-Type": "multipart/form-data"}),
    ],
)
def test_what_is_not_the_form_starts_nothing(
    body: str, headers: dict[str, str], admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    path = f"{PAGES}/{address}/retry"
    answer = admin_reader.door.request(
        "POST", path, cookies=admin_reader.cookies, data=body.encode(), headers=headers
    )
    assert (answer.status_code, "This form cannot be read" in answer.text, runs()) == (400, True, [])


def test_a_form_that_is_sent_twice_starts_one_run_and_a_changed_one_another(
    admin_reader: Reader, runs: Callable[[], list[DagRun]]
) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    dry = send(admin_reader, address, dry_run="true")
    first, second = (send(admin_reader, address) for _ in range(2))
    assert [one.status_code for one in (dry, first, second)] == [303] * 3
    assert first.headers["location"] == second.headers["location"] != dry.headers["location"]
    assert sorted((run.conf or {})["dry_run"] for run in runs()) == [False, True]


def test_a_form_that_is_opened_again_is_another_one(admin_reader: Reader, retry_dag: None) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    ids = [
        re.findall(r'name="form_id" value="([^"]*)"', admin_reader.text(f"/{address}/retry"))
        for _ in range(2)
    ]
    assert ids[0] != ids[1]
    assert [len(one) for one in ids] == [1, 1]
    refused = send(admin_reader, address, corrected_rows="some")
    assert f'name="form_id" value="{FORM_ID}"' in unescape(refused.text)


def test_an_import_without_rejected_rows_has_nothing_to_retry(admin_reader: Reader, retry_dag: None) -> None:
    (address,) = put((users.CRM, make_receipt(1, state="completed")))
    assert "Retry rejected rows" not in admin_reader.text(f"/{address}")
    assert admin_reader.get(f"/{address}/retry").status_code == 404
    assert send(admin_reader, address).status_code == 404


def test_what_a_person_types_is_shown_as_text(admin_reader: Reader, retry_dag: None) -> None:
    (address,) = put((users.CRM, make_receipt(1, **REJECTED)))
    answer = send(admin_reader, address, corrected_rows="some", mapping='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
    started = "%22%3E%3Cscript%3E"
    assert "<script>" not in admin_reader.get(f"/{address}/retry?started={started}").text.replace(
        "<script src", ""
    )
