"""Connections that were written down with a mistake: none of their settings is lost unnoticed."""

from __future__ import annotations

import pytest

from email_contacts.connection import InvalidConnection
from email_contacts.hook import ContactsHook
from tests.conftest import CONN_ID
from tests.test_connection import extra, read


@pytest.mark.parametrize("text", ['{"max_rejects": "5%",}', "max_rejects=5%", "{'source_roots': '/data'}"])
def test_an_extra_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidConnection, match="has an extra that is not JSON") as caught:
        read(extra=text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "  ", "{}"])
def test_an_empty_extra_is_none(text: str | None) -> None:
    assert read(extra=text).max_rejects == read().max_rejects


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("max_reject", "max_rejects"),
        ("Source_Roots", "source_roots"),
        ("stagging_uri", "staging_uri"),
        ("extra__email_contacts__allow_http", "allow_http"),
    ],
)
def test_a_misspelled_field_is_named_with_the_right_one(written: str, meant: str) -> None:
    with pytest.raises(InvalidConnection, match=f"has no field '{written}'; call it '{meant}'"):
        extra(**{written: "x"})


def test_what_others_keep_in_the_extra_is_left_alone() -> None:
    assert extra(team="crm", verify_ssl=True).base_url == read().base_url


@pytest.mark.parametrize("value", ["", "{not json", "email-contacts://:key@http://127.0.0.1:8080"])
def test_a_variable_that_cannot_be_read_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = f"AIRFLOW_CONN_{CONN_ID.upper()}"
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidConnection, match=f"{variable} is neither a JSON object nor a URI") as caught:
        _ = ContactsHook().settings
    assert "key@" not in str(caught.value)
