"""Import bodies: one source, a target, the exact bytes, the size of the whole (api-contract §2.1)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import MAX_BODY_BYTES, ImportRequest, InvalidRequest, NewList

ROWS = [{"email": "jane@example.com", "attributes": {"FIRSTNAME": "Jäne"}}]
JSON_ROWS = st.lists(
    st.dictionaries(
        st.text(), st.text() | st.integers() | st.booleans() | st.lists(st.text(), max_size=3), max_size=4
    ),
    min_size=1,
    max_size=5,
)


@given(
    rows=JSON_ROWS, indent=st.sampled_from([None, 1]), list_ids=st.lists(st.integers(1, 10**9), min_size=1)
)
def test_prepared_bytes_arrive_as_they_are(
    rows: list[dict[str, Any]], indent: int | None, list_ids: list[int]
) -> None:
    prepared = json.dumps(rows, indent=indent).encode()
    body = ImportRequest(prepared=prepared, list_ids=list_ids).to_bytes()
    assert prepared in body
    document = json.loads(body)
    assert document["jsonBody"] == rows
    assert document == json.loads(ImportRequest(json_body=rows, list_ids=list_ids).to_bytes())


@given(text=st.text(min_size=1), blank=st.sampled_from(["", " ", "\n"]))
def test_a_prepared_text_is_a_file_body(text: str, blank: str) -> None:
    prepared = (blank + json.dumps(text, ensure_ascii=False)).encode()
    body = ImportRequest(prepared=prepared, list_ids=[2]).to_bytes()
    assert prepared in body
    assert json.loads(body) == json.loads(
        ImportRequest(file_body=json.loads(prepared), list_ids=[2]).to_bytes()
    )


def test_a_file_is_itself_by_its_content_and_not_by_its_address() -> None:
    def signed(signature: str, **arguments: Any) -> ImportRequest:
        url = f"https://bucket.example.com/contacts.csv?X-Amz-Signature={signature}"
        return ImportRequest(file_url=url, **{"list_ids": [2], "file_fingerprint": "f" * 64, **arguments})

    assert signed("a").identity() == signed("b").identity()
    assert b"Signature" not in signed("a").identity()
    assert signed("a").identity() != signed("a", file_fingerprint="e" * 64).identity()
    assert signed("a").identity() != signed("a", list_ids=[3]).identity()
    assert signed("a", file_fingerprint=None).identity() == signed("b", file_fingerprint=None).identity()
    assert "fingerprint" not in json.loads(signed("a").to_bytes())
    assert json.loads(signed("a").to_bytes())["fileUrl"].endswith("=a")


@pytest.mark.parametrize("source", ["file_url", "file_body", "json_body", "prepared"])
def test_whom_the_platform_tells_of_the_end_makes_no_other_import(source: str) -> None:
    def told(**how: Any) -> ImportRequest:
        return ImportRequest(**{source: SOURCES[source]}, list_ids=[2], **how)

    one, other = told(notify_url="https://example.com/?try=1"), told(disable_notification=True)
    assert one.identity() == other.identity() == told().identity()
    assert one.former_identity() != other.former_identity() != told().former_identity()
    assert told().identity() == told().former_identity() == told().to_bytes(), "records of before are found"
    for flag in ("email_blacklist", "sms_blacklist", "empty_contacts_attributes"):
        assert told(**{flag: True}).identity() != told().identity()
    assert told(update_existing_contacts=False).identity() != told().identity()


def test_the_largest_body_has_an_identity() -> None:
    request = ImportRequest(prepared=b'[{"email":"a@example.com"}]', list_ids=[2], disable_notification=True)
    room = MAX_BODY_BYTES - len(request.to_bytes())
    largest = replace(request, prepared=b'[{"email":"a@example.com"}' + b" " * room + b"]")
    assert len(largest.to_bytes()) == MAX_BODY_BYTES
    assert largest.identity()


@pytest.mark.parametrize("source", ["file_body", "json_body", "prepared"])
def test_other_sources_are_themselves(source: str) -> None:
    request = ImportRequest(**{source: SOURCES[source]}, list_ids=[2])
    assert request.identity() == request.to_bytes()
    with pytest.raises(InvalidRequest, match="file_fingerprint"):
        ImportRequest(**{source: SOURCES[source]}, list_ids=[2], file_fingerprint="f" * 64)


def test_prepared_bytes_are_never_decoded() -> None:
    prepared = b'[{"email":"\xff\xfe"}]'  # not UTF-8: whoever decoded it would stumble
    assert ImportRequest(prepared=prepared, list_ids=[2]).to_bytes().endswith(prepared + b"}")
    prepared = b'"EMAIL\\n\xff\xfe"'
    assert (
        ImportRequest(prepared=prepared, list_ids=[2]).to_bytes().endswith(b'"fileBody":' + prepared + b"}")
    )


@given(st.integers(-3, 3))
def test_the_size_of_the_whole_request_counts(difference: int) -> None:
    envelope = len(ImportRequest(prepared=b"[{}]", list_ids=[2]).to_bytes()) - len(b"[{}]")
    filling = MAX_BODY_BYTES - envelope - len(b'[{"e":""}]') + difference
    request = ImportRequest(prepared=b'[{"e":"%b"}]' % (b"x" * filling), list_ids=[2])
    if difference <= 0:
        assert len(request.to_bytes()) == MAX_BODY_BYTES + difference
    else:
        with pytest.raises(InvalidRequest, match=r"8,000,00\d bytes, over the limit of 8,000,000"):
            request.to_bytes()


def test_size_is_counted_in_bytes_not_letters() -> None:
    with pytest.raises(InvalidRequest, match="over the limit"):
        ImportRequest(file_body="EMAIL\n" + "ä" * 4_000_000, list_ids=[2]).to_bytes()


def test_every_flag_and_target_is_said_by_the_names_of_the_import() -> None:
    request = ImportRequest(
        json_body=ROWS,
        list_ids=[76],
        new_list=NewList(list_name="ContactImport - 2017-05", folder_id=2),
        notify_url="https://hooks.example.com/t/secret-token",
        email_blacklist=True,
        sms_blacklist=True,
        disable_notification=True,
        update_existing_contacts=True,
        empty_contacts_attributes=True,
    )
    assert json.loads(request.to_bytes()) == {
        "jsonBody": ROWS,
        "listIds": [76],
        "newList": {"listName": "ContactImport - 2017-05", "folderId": 2},
        "notifyUrl": "https://hooks.example.com/t/secret-token",
        "emailBlacklist": True,
        "smsBlacklist": True,
        "disableNotification": True,
        "updateExistingContacts": True,
        "emptyContactsAttributes": True,
    }


def test_defaults_are_said_aloud_and_absent_targets_are_not() -> None:
    assert json.loads(
        ImportRequest(file_url="https://files.example.com/c.csv", list_ids=(2,)).to_bytes()
    ) == {
        "fileUrl": "https://files.example.com/c.csv",
        "listIds": [2],
        "emailBlacklist": False,
        "smsBlacklist": False,
        "disableNotification": False,
        "updateExistingContacts": True,
        "emptyContactsAttributes": False,
    }


SOURCES: dict[str, Any] = {
    "file_url": "https://files.example.com/c.csv",
    "file_body": "EMAIL\njane@example.com",
    "json_body": ROWS,
    "prepared": b'[{"email":"jane@example.com"}]',
}


@pytest.mark.parametrize("one", SOURCES)
@pytest.mark.parametrize("other", SOURCES)
def test_exactly_one_source(one: str, other: str) -> None:
    chosen = {one: SOURCES[one], other: SOURCES[other]}
    if one == other:
        assert ImportRequest(**chosen, list_ids=[2]).source == one
    else:
        with pytest.raises(InvalidRequest, match=r"exactly one source.* and "):
            ImportRequest(**chosen, list_ids=[2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"list_ids": [2]}, "given: none"),
        ({"json_body": ROWS}, "needs a target"),
        ({"json_body": [], "list_ids": [2]}, "json_body is empty"),
        ({"file_body": "", "list_ids": [2]}, "file_body is empty"),
        ({"json_body": "[{}]", "list_ids": [2]}, "not str"),
        ({"json_body": {"email": "x"}, "list_ids": [2]}, "not dict"),
        ({"file_body": b"EMAIL", "list_ids": [2]}, "not bytes"),
        ({"prepared": b"[]", "list_ids": [2]}, "at least one contact"),
        ({"prepared": b"", "list_ids": [2]}, "at least one contact"),
        ({"prepared": b'""', "list_ids": [2]}, "string literal"),
        ({"prepared": b'"', "list_ids": [2]}, "string literal"),
        ({"prepared": b'"EMAIL', "list_ids": [2]}, "string literal"),
        ({"prepared": b'{"email":"x"}', "list_ids": [2]}, "JSON array"),
        ({"prepared": "[{}]", "list_ids": [2]}, "not str"),
        ({"file_url": "/srv/contacts.csv", "list_ids": [2]}, "local files cannot be read"),
        ({"file_url": "ftp://files.example.com/c.csv", "list_ids": [2]}, r"http\(s\)"),
        ({"json_body": ROWS, "list_ids": [2], "notify_url": "hooks.example.com"}, "notify_url"),
        ({"json_body": ROWS, "list_ids": [2], "notify_url": "http://[::1"}, "notify_url"),
        ({"json_body": ROWS, "list_ids": [0]}, "list_ids=0 is not an id"),
        ({"json_body": ROWS, "list_ids": [True]}, "list_ids=True"),
        ({"json_body": ROWS, "list_ids": "27"}, "list of ids"),
        ({"json_body": ROWS, "list_ids": 27}, "list of ids"),
        ({"json_body": ROWS, "list_ids": [2], "sms_blacklist": "false"}, "sms_blacklist='false'"),
        (
            {
                "json_body": ROWS,
                "list_ids": [2],
                "update_existing_contacts": False,
                "empty_contacts_attributes": True,
            },
            "change one of the two",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as caught:
        ImportRequest(**arguments)
    assert "jane@example.com" not in str(caught.value)


@pytest.mark.parametrize(("name", "folder"), [("", 1), ("  ", 1), ("l", 0), ("l", None), ("l", True)])
def test_a_new_list_needs_name_and_folder(name: str, folder: Any) -> None:
    with pytest.raises(InvalidRequest, match="new_list"):
        NewList(list_name=name, folder_id=folder)


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), "\ud800"])
def test_what_json_cannot_say_is_refused_without_showing_the_rows(value: Any) -> None:
    request = ImportRequest(
        json_body=[{"email": "jane@example.com", "attributes": {"X": value}}], list_ids=[2]
    )
    with pytest.raises(InvalidRequest, match="cannot be written as JSON") as caught:
        request.to_bytes()
    assert "jane" not in str(caught.value)
    assert caught.value.__context__ is None


def test_repr_shows_how_but_not_whom() -> None:
    for name, value in SOURCES.items():
        request = ImportRequest(
            **{name: value}, list_ids=[76], notify_url="https://hooks.example.com/t/secret-token"
        )
        assert "76" in repr(request)
        for personal in ("jane", "files.example", "secret-token"):
            assert personal not in repr(request)
