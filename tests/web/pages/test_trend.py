"""The charts of a list: rows, rejects and duration over time, to look at and to read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from email_contacts.imports.verification.row_account import RowAccount
from tests.web.pages.conftest import Reader
from tests.web.pages.entries import make_receipt, put
from tests.web.pages.test_import import words
from tests.web.pages.test_list import link, listed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def charts(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Of each chart the bars: whether it is a bad one, x, y and height."""
    found = re.findall(r'<svg class="chart (\w+)".*?</svg>', text, re.DOTALL)
    drawn = re.findall(r'<svg class="chart \w+".*?</svg>', text, re.DOTALL)
    bar = re.compile(r'<rect( class="bad")? x="(\d+)" y="([\d.]+)" width="7" height="([\d.]+)"')
    return {name: bar.findall(svg) for name, svg in zip(found, drawn, strict=True)}


def test_the_imports_of_a_list_are_drawn_from_the_earliest_to_the_latest(admin_reader: Reader) -> None:
    rows = [RowAccount(1000, 1000, 0, 0), RowAccount(1000, 500, 500, 0), RowAccount(1000, 250, 0, 750)]
    put(*(("crm", make_receipt(number, rows=account)) for number, account in enumerate(rows)))
    put(("crm", make_receipt(7, list_ids=(5,), lists={}, list_names={"5": "Other"})))
    text = admin_reader.text("/?list=4")
    drawn = charts(text)
    assert drawn["accepted"] == [
        ("", "0", "30.0", "10.0"),
        ("", "10", "20.0", "20.0"),
        ("", "20", "0.0", "40.0"),
    ]
    assert [bar[3] for bar in drawn["rejected"]] == ["0.0", "40.0", "0.0"]
    assert [bar[3] for bar in drawn["duration"]] == ["40.0", "40.0", "40.0"]
    told = words(text)
    assert "Accepted in the last 3 imports: latest 1,000, at most 1,000" in told
    assert "Rejected latest 0, at most 500" in told
    assert "Duration latest 00:01:05, at most 00:01:05" in told
    assert text.count('role="img" aria-labelledby="chart-1-') == 3


def test_the_same_figures_are_in_a_table(admin_reader: Reader) -> None:
    addresses = put(*(("crm", make_receipt(number)) for number in range(3)))
    table = re.findall(r"<details>.*?</details>", admin_reader.text("/?list=newsletter"), re.DOTALL)
    assert [len(re.findall("<tr>", one)) for one in table] == [4]
    for address in addresses:
        assert f'href="/email-contacts/imports/{address}"' in table[0]
    assert words(table[0]).count("completed with rejects 971 22 00:01:05") == 3


def test_an_import_that_failed_is_seen_though_no_row_was_accepted(admin_reader: Reader) -> None:
    nothing = RowAccount(1000, 0, 0, 0, {"import_failed": 1000})
    put(("crm", make_receipt(0)), ("crm", make_receipt(1, state="failed", rows=nothing)))
    drawn = charts(admin_reader.text("/?list=4"))
    assert drawn["accepted"] == [(' class="bad"', "0", "38.0", "2.0"), ("", "10", "0.0", "40.0")]


def test_charts_reach_further_back_than_the_page_and_pages_stay_whole(admin_reader: Reader) -> None:
    put(*(("crm", make_receipt(number)) for number in range(60)))
    text = admin_reader.text("/?list=4")
    assert len(charts(text)["accepted"]) == 40
    assert listed(text) == [str(number) for number in range(25)]
    older = admin_reader.text(link(text, "Older"))
    assert listed(older) == [str(number) for number in range(25, 50)]
    assert charts(older) == {}


@pytest.mark.parametrize("query", ["", "?list=4", "?text=customers"])
def test_one_import_or_no_list_is_no_trend(admin_reader: Reader, query: str) -> None:
    put(("crm", make_receipt(0)), *([] if "list" in query else [("crm", make_receipt(1))]))
    assert charts(admin_reader.text(f"/{query}")) == {}


def test_lists_of_two_accounts_are_not_one_though_their_numbers_are(admin_reader: Reader) -> None:
    for number, conn_id in enumerate(("crm", "crm", "shop", "shop")):
        put(("crm", make_receipt(number)), conn_id=conn_id)
    text = admin_reader.text("/?list=4")
    assert len(re.findall(r'<section class="trend"', text)) == 2


def test_the_list_of_an_import_leads_to_its_charts(admin_reader: Reader) -> None:
    addresses = put(*(("crm", make_receipt(number)) for number in range(2)))
    assert 'href="/email-contacts/imports/?list=4"' in admin_reader.text()
    assert 'href="/email-contacts/imports/?list=4"' in admin_reader.text(f"/{addresses[0]}")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eevil", "x" * 10_000, "=1+1"])
def test_a_name_is_text(admin_reader: Reader, name: str) -> None:
    given: dict[str, Any] = {"list_names": {"4": name[:80]}}
    put(*(("crm", make_receipt(number, **given)) for number in range(2)))
    text = admin_reader.get("/?list=4").text
    assert charts(text)
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "style=" not in text
