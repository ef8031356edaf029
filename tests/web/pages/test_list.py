"""The list of imports: what it shows, what it is narrowed to, and one page after the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from airflow.models.asset_state_store import AssetStateStoreModel
from airflow.utils.session import create_session
from sqlalchemy import select

from email_contacts.imports.verification.row_account import RowAccount
from tests.web.pages.conftest import Reader
from tests.web.pages.entries import asset_id, make_receipt, put, put_rows

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def listed(text: str) -> list[str]:
    """The sources of the imports that a page lists, in order."""
    return re.findall(r'<bdi class="clip" title="s3://exports/customers-(\d+)\.csv"', text)


def link(text: str, name: str) -> str:
    """Where a link of the page leads, below the pages."""
    match = re.search(rf'href="/email-contacts/imports([^"]*)"[^>]*>{name}<', text)
    assert match, f"no link {name!r}"
    return match[1]


def test_an_import_is_shown_with_everything_that_a_person_asks_for(admin_reader: Reader) -> None:
    put(("crm", make_receipt(3)), run_id="manual__2026-11-28T07:56:00+00:00")
    text = admin_reader.text()
    row = " ".join(re.sub(r"<[^>]*>", " ", re.findall(r"<tr>.*?</tr>", text, re.DOTALL)[1]).split())
    assert row == (
        "2026-11-28, 07:57:00 completed with rejects customers-3.csv Newsletter #4 "
        "1,000 971 22 7 0 103 00:01:05 crm"
    )
    assert 'href="/dags/crm/runs/manual__2026-11-28T07%3A56%3A00%2B00%3A00"' in text


def test_rows_that_a_snapshot_left_out_have_a_column_where_there_are_any(admin_reader: Reader) -> None:
    put(("crm", make_receipt(1)))
    assert ">Unchanged<" not in admin_reader.text()
    put(("crm", make_receipt(2, rows=RowAccount(1000, 1, 2, 3, {}, 994))))
    cells = re.findall(r'<td class="count[^"]*">([\d,]+)<', admin_reader.text())
    assert cells == ["1,000", "971", "22", "7", "0", "0", "1,000", "1", "2", "3", "0", "994"]


def test_the_newest_is_first_and_every_import_is_on_one_page(admin_reader: Reader) -> None:
    put(*(("crm", make_receipt(number)) for number in range(60)))
    seen, path = [], "/"
    for _ in range(3):
        text = admin_reader.text(path)
        seen.append(listed(text))
        path = link(text, "Older") if len(seen) < 3 else ""
    assert [number for page in seen for number in page] == [str(number) for number in range(60)]
    assert [len(page) for page in seen] == [25, 25, 10]
    assert ">Older<" not in text
    assert listed(admin_reader.text(link(text, "Newest"))) == seen[0]


def test_an_import_that_ends_meanwhile_moves_no_other_to_another_page(admin_reader: Reader) -> None:
    put(*(("crm", make_receipt(number)) for number in range(1, 30)))
    older = link(admin_reader.text(), "Older")
    put(("crm", make_receipt(0)))
    assert listed(admin_reader.text(older)) == [str(number) for number in range(26, 30)]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("text=CUSTOMERS-7", ["7"]),
        ("text=107", ["7"]),
        ("text=10", []),
        ("text=night", ["5"]),
        ("text=0000000000000009", ["9"]),
        ("list=vip", ["8"]),
        ("list=%C3%9CBER", ["9"]),
        ("list=%22so-called%22", ["9"]),
        ("list=12", ["8"]),
        ("list=1", []),
        ("state=failed", ["6"]),
        ("from=2026-11-28&to=2026-11-28", [str(number) for number in range(10)]),
        ("from=2026-11-29", []),
        ("to=2026-11-27", ["600"]),
        ("text=customers-6&state=failed", ["6"]),
        ("text=%25", []),
    ],
)
def test_the_list_is_narrowed(admin_reader: Reader, query: str, numbers: list[str]) -> None:
    special: dict[int, dict[str, Any]] = {
        6: {"state": "failed", "reason": "process 106 failed"},
        9: {"list_names": {"4": 'über "so-called"'}},
        8: {"list_ids": (12,), "lists": {}, "list_names": {"12": "VIP"}},
    }
    put(*(("crm", make_receipt(number, **special.get(number, {}))) for number in (0, 1, 2, 3, 4, 6, 7, 8, 9)))
    put(("nightly", make_receipt(5)))
    put(("crm", make_receipt(600)))
    assert listed(admin_reader.text(f"/?{query}")) == numbers


def test_a_filter_is_kept_from_page_to_page(admin_reader: Reader) -> None:
    put(*(("crm" if number % 2 else "shop", make_receipt(number)) for number in range(120)))
    first = admin_reader.text("/?text=shop")
    second = admin_reader.text(link(first, "Older"))
    assert listed(first) + listed(second) == [str(number) for number in range(0, 100, 2)]
    assert 'name="text" value="shop"' in second


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("from=yesterday", "From: must be a date such as 2026-11-28"),
        ("to=2026-02-30", "To: must be a date such as 2026-11-28"),
        ("to=2026-1-1", "To: must be a date such as 2026-11-28"),
        (
            "state=great",
            "State: must be one of running, completed, completed_with_rejects, failed, unknown, dry_run",
        ),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused_by_its_name(
    admin_reader: Reader, query: str, refusal: str
) -> None:
    answer = admin_reader.get(f"/?{query}")
    assert answer.status_code == 400
    assert f'role="alert">{refusal}<' in answer.text


@pytest.mark.parametrize("before", ["", "x", "/", "2026-11-28T07:00:00.000/zz", "%00/%00", "a/b/c"])
def test_a_place_that_is_none_begins_with_the_newest(admin_reader: Reader, before: str) -> None:
    put(("crm", make_receipt(0)))
    assert listed(admin_reader.text(f"/?before={before}")) == ["0"]


def test_an_empty_history_says_what_will_be_in_it(admin_reader: Reader) -> None:
    assert "No import yet." in admin_reader.text()
    assert "No import matches." in admin_reader.text("/?state=failed")


def test_what_is_no_receipt_is_left_out(admin_reader: Reader) -> None:
    """Any task can write into the state store of any asset."""
    good = make_receipt(50)
    put(("crm", good))
    wrong: list[dict[str, Any]] = [
        {"state": "splendid"},
        {"process_ids": ["<b>"]},
        {"process_ids": [10**400]},
        {"process_ids": 7},
        {"rows": {"read": "many"}},
        {"rows": 5},
        {"rows": {**good["rows"], "read": -1}},
        {"source": {"a": 1}},
        {"lists": "none"},
        {"list_names": {"4": 4}},
        {"reject_reasons": {"email": "many"}},
    ]
    put(*(("crm", {**make_receipt(number), **change}) for number, change in enumerate(wrong)))
    put(("crm", {**make_receipt(40), "lists": {"4": 7}, "started_at": None, "unknown_field": 1}))
    with create_session() as session:
        row = {
            "asset_id": asset_id(session), "last_updated_by_dag_id": "crm", "last_updated_by_run_id": "r",
            "last_updated_by_task_id": "t",
        }  # fmt: skip
        values = [
            "null",
            "[]",
            "{}",
            "{",
            '{"receipt": {}, "conn_id": "c"}',
            '{"receipt": null, "conn_id": 1}',
        ]
        put_rows(
            session,
            [
                {**row, "key": f"receipt/2026-11-28T09:00:00.000Z/{number:016x}", "value": value}
                for number, value in enumerate(values)
            ],
        )
        put_rows(
            session, [{**row, "key": "watermark", "value": "1"}, {**row, "key": "receipt/x", "value": "1"}]
        )
        assert session.scalar(select(AssetStateStoreModel.key).limit(1))
    assert listed(admin_reader.text()) == ["40", "50"]
