"""What strangers send and what tasks stored: answered with words, and never with an error of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.utils.session import create_session

from tests.web.pages import users
from tests.web.pages.conftest import Reader
from tests.web.pages.entries import asset_id, make_receipt, put, put_rows
from tests.web.pages.running import Import, begun
from tests.web.pages.test_list import link, listed

__all__ = ["begun"]
pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
QUERIES = [
    "text=%00", "list=%00", "state=%00", "from=%00", "to=%00", "before=%00", "text=%FF%FE", "text=%ED%A0%80",
    "list=" + "9" * 500, "text=" + "9" * 500, "text=" + "a" * 8_000, "text=%5C%25_'%22;--", "text=1&text=2",
    "from=99999-01-01", "from=0000-00-00", "from=2026-02-30", "to=%D9%A2%D9%A0%D9%A2%D9%A6-01-01", "from=-1",
    "before=2026-99-99T99:99:99.999/" + "0" * 16, "before=9999-12-31T23:59:59.999/" + "f" * 16,
    "before=0001-01-01T00:00:00.000/" + "0" * 16, "live=1", "live=%00", "%00=%00", "=&&=",
    "state=running&from=x",
]  # fmt: skip
PATHS = [
    "/run", "/progress", "/run?dag_id=%00&run_id=%00", "/progress?dag_id=crm&run_id=%00",
    "/run?dag_id=" + "x" * 5_000, "/2026-99-99T99:99:99.999/" + "0" * 16, "/2026-11-28T08:00:00.000/%00",
    "/2026-11-28T08:00:00.000/" + "0" * 17, "/..%2F..%2Fetc/passwd", "/static/%00",
    "/static/..%2F..%2Fapp.py",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_filter_of_any_content_is_answered_in_words(admin_reader: Reader, query: str) -> None:
    put((users.CRM, make_receipt(1)))
    answer = admin_reader.get(f"/?{query}")
    assert answer.status_code in (200, 400)
    assert "<h1>Contact imports</h1>" in answer.text
    if answer.status_code == 400:
        assert 'role="alert"' in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_an_address_of_nothing_is_answered_in_words(admin_reader: Reader, path: str) -> None:
    answer = admin_reader.get(path)
    assert answer.status_code in (200, 403, 404)
    assert "<h1>" in answer.text or "No receipt." in answer.text


@pytest.mark.parametrize(
    "name", ["rejects.csv%00", "..%2Frejects.csv", "%2Fetc%2Fpasswd", "receipt.json", ".csv"]
)
def test_only_lists_by_their_names_are_downloaded(admin_reader: Reader, name: str) -> None:
    (address,) = put((users.CRM, make_receipt(1, rejects_uri="file:///etc/rejects.csv")))
    assert admin_reader.get(f"/{address}/{name}").status_code == 404


def test_times_that_no_calendar_has_are_left_out(admin_reader: Reader) -> None:
    wrong = {"started_at": "9999-12-31T23:59:59.000-12:00", "submitted_at": "0001-01-01T00:00:00+12:00"}
    (address,) = put((users.CRM, {**make_receipt(1), **wrong}))
    assert listed(admin_reader.text()) == ["1"]
    assert "Timeline" in admin_reader.text(f"/{address}")
    with create_session() as session:
        row = {"asset_id": asset_id(session), "last_updated_by_dag_id": users.CRM, "value": "{}"}
        keys = ("2026-02-30T08:00:00.000", "0000-01-01T08:00:00.000", "2026-11-28T25:00:00.000")
        put_rows(
            session,
            [
                {**row, "key": f"receipt/{key}Z/{1:016x}", "last_updated_by_run_id": "r",
                 "last_updated_by_task_id": "t"}
                for key in keys
            ],
        )  # fmt: skip
    assert listed(admin_reader.text()) == ["1"]


def test_receipts_of_a_later_version_are_shown_as_far_as_they_are_understood(admin_reader: Reader) -> None:
    document = make_receipt(1)
    later = {
        **document, "schema_version": 99, "verdicts": [1],
        "rows": {**document["rows"], "quarantined": 5}, "guards": ["new"], "changes": 7,
    }  # fmt: skip
    wrong: tuple[dict[str, Any], ...] = ({"process_ids_left_out": "many"}, {"lists_left_out": [1]})
    put(*((users.CRM, {**make_receipt(number), **change}) for number, change in enumerate(wrong, 2)))
    (address,) = put((users.CRM, later))
    assert listed(admin_reader.text()) == ["1"]
    assert "1,000 rows read" in admin_reader.text(f"/{address}")


def test_imports_that_ended_in_one_moment_are_each_on_one_page(admin_reader: Reader) -> None:
    ended = make_receipt(0)["finished_at"]
    put(*((users.CRM, make_receipt(number, finished_at=ended)) for number in range(60)))
    first = admin_reader.text()
    second = admin_reader.text(link(first, "Older"))
    third = admin_reader.text(link(second, "Older"))
    seen = [number for text in (first, second, third) for number in listed(text)]
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


def test_who_may_not_read_the_dag_is_refused_by_every_address(
    reader: Callable[[str], Reader], begun: Callable[..., Import]
) -> None:
    run = begun(users.SHOP)
    run.is_prepared()
    (address,) = put(
        (users.SHOP, make_receipt(1, rejects_uri="file:///stage/shop/rejects.csv")), run_id=run.run_id
    )
    of_run = f"dag_id={users.SHOP}&run_id={run.run_id}"
    person = reader(users.OF_CRM)
    for path in ("/", "/?live=1", "/?list=4", f"/?text={run.run_id}", "/?state=running"):
        text = person.text(path)
        for secret in (f"/{users.SHOP}/", "customers", "Newsletter", address):
            assert secret not in text, path
    of_import = ("", "?live=1", "/rejects.csv", "/platform_rejects.csv", "/retry")
    for path in (f"/run?{of_run}", f"/progress?{of_run}&live=1", *(f"/{address}{one}" for one in of_import)):
        answer = person.get(path)
        assert answer.status_code in (403, 404), path
        assert "customers" not in answer.text
