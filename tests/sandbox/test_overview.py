"""The pages that a person looks at."""

from __future__ import annotations

import re

import requests

from tests.sandbox.rehearsal import Rehearsal


def page(sandbox: Rehearsal, path: str, **params: int) -> requests.Response:
    """Open a page as a browser does, without a key."""
    return requests.get(sandbox.server.url + path, params=params, timeout=60)


def test_the_overview_shows_what_the_account_holds(sandbox: Rehearsal) -> None:
    sandbox.imported([{"email": f"p{i}@example.com"} for i in range(1234)] + [{"email": "bad"}])
    text = page(sandbox, "/").text
    for shown in (
        "Your first folder",
        "Your first list",
        "1,234",
        "completed",
        "1 invalid emails",
        "COUNTRY",
    ):
        assert shown in text
    report = re.search(r'href="(/reports/[^"]+)"', text)
    assert report
    assert page(sandbox, report[1]).text.splitlines() == ["row;value", '1235;"bad"']


def test_contacts_are_shown_page_by_page(sandbox: Rehearsal) -> None:
    sandbox.server.seed_contacts(60, list_ids=[2])
    first = page(sandbox, "/contacts", list=2).text
    assert "person-60@example.com" in first
    assert "person-35@example.com" not in first
    assert "1–25 of 60" in first
    assert 'href="/contacts?list=2&amp;page=2"' in first or 'href="/contacts?list=2&page=2"' in first
    last = page(sandbox, "/contacts", list=2, page=3).text
    assert "51–60 of 60" in last
    assert "older" not in last
    assert "person-60@example.com" in page(sandbox, "/contacts").text
    assert page(sandbox, "/contacts", list=99).status_code == 404


def test_names_cannot_bring_markup_in(sandbox: Rehearsal) -> None:
    name = "<script>alert(1)</script>"
    made = sandbox.post("/contacts/lists", name=name, folderId=1)["id"]
    sandbox.post("/contacts/folders", name=name)
    sandbox.post("/contacts", email="a@example.com", attributes={"FIRSTNAME": name}, listIds=[made])
    for path in ("/", "/contacts", f"/contacts?list={made}"):
        answer = page(sandbox, path)
        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_the_policy_allows_the_pages_own_style_and_nothing_else(sandbox: Rehearsal) -> None:
    first, second = page(sandbox, "/"), page(sandbox, "/")
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    (nonce,) = re.findall(r"nonce-([^']+)", policy)
    assert f'<style nonce="{nonce}">' in first.text
    assert nonce not in second.text
    assert "style=" not in first.text


def test_an_import_that_runs_makes_the_page_refresh(sandbox: Rehearsal) -> None:
    assert 'http-equiv="refresh"' not in page(sandbox, "/").text
    sandbox.server.set_knobs(hold="queued")
    sandbox.submit([{"email": "a@example.com"}])
    text = page(sandbox, "/").text
    assert 'http-equiv="refresh"' in text
    assert "hold" in text, "a knob that is turned is shown"


def test_processes_are_shown_page_by_page(sandbox: Rehearsal) -> None:
    for _ in range(11):
        sandbox.imported([{"email": "a@example.com"}])
    assert "older" in page(sandbox, "/").text
    assert "newer" in page(sandbox, "/", page=2).text
