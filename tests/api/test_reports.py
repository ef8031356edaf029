"""Reject reports: counted as they stream, without the key, and never shown."""

from __future__ import annotations

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import (
    ContactsApiError,
    ContactsClient,
    InvalidRequest,
    NotFound,
    Unavailable,
    UnexpectedAnswer,
    reports,
)
from email_contacts.api.reports import read_rows
from tests.api.endless import LARGE, SLOW, sends
from tests.api.scripted_server import Play, ScriptedServer, answers, answers_bytes, resets, stays_silent

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=20)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=20),
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_rows_are_counted_whatever_is_in_them(
    rows: list[tuple[str, str]], delimiter: str, line_end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(("EMAIL", "REASON"))
    writer.writerows(rows)
    assert len(list(read_rows(io.StringIO(text.getvalue(), newline="")))) == len(rows)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"EMAIL\njane@example.com\n", [{"EMAIL": "jane@example.com"}]),
        ("row;value\r\n3;\"a;\"\"b\nJ\u00e4ne\"\r\n".encode(), [{"row": "3", "value": 'a;"b\nJ\u00e4ne'}]),
        (b"\xef\xbb\xbfEMAIL,NAME\na\n", [{"EMAIL": "a"}]),
        (b"EMAIL\n\xff\n", [{"EMAIL": "\udcff"}]),
    ],
)  # fmt: skip
def test_a_report_is_read_row_by_row(
    body: bytes, rows: list[dict[str, str]], client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers_bytes(200, body, headers={"content-type": "text/csv"}))
    assert list(client.report_rows(f"{server.url}/reports/secret.csv")) == rows
    assert "api-key" not in server.only.headers


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", 0),
        (b"EMAIL", 0),
        (b"EMAIL\njane@example.com", 1),
        (b"EMAIL\r\na\r\n\r\nb\r\n", 2),
        (b"EMAIL;NAME\na;\"two\nlines\"\nb;x\n", 2),
        ("EMAIL,NAME\na,Jäne 漢\n".encode(), 1),
        (b"EMAIL\n" + b"somebody@example.com\n" * 50_000, 50_000),
    ],
)  # fmt: skip
def test_a_report_is_counted_without_the_key(
    body: bytes, rows: int, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers_bytes(200, body, headers={"content-type": "text/csv"}))
    assert client.count_report_rows(f"{server.url}/reports/secret.csv") == rows
    assert "api-key" not in server.only.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://reports.example.com/secret.csv",
        "http://127.0.0.1:1/secret.csv",
        "file:///etc/passwd",
        "secret.csv",
        "https://user:secret@reports.example.com/1.csv",
        "http://[secret",
        "undocumented list",
    ],
)
def test_other_addresses_are_refused_unshown(url: str, client: ContactsClient) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.count_report_rows(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, NotFound),
        (404, NotFound),
        (410, NotFound),
        (429, Unavailable),
        (500, Unavailable),
        (302, UnexpectedAnswer),
    ],
)
def test_a_report_that_is_not_there_is_told_unshown(
    status: int, error: type[ContactsApiError], client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers(status, headers={"location": f"{server.url}/elsewhere"}))
    with pytest.raises(error) as caught:
        client.count_report_rows(f"{server.url}/secret.csv")
    assert "secret" not in str(caught.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", [resets, stays_silent])
def test_a_broken_report_is_unavailable(fault: object, server: ScriptedServer) -> None:
    server.plays(fault)  # type: ignore[arg-type]
    with ContactsClient(server.url, "key", timeout=0.05) as client, pytest.raises(Unavailable) as caught:
        client.count_report_rows(f"{server.url}/secret.csv")
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


def test_a_report_is_not_read_beyond_its_limit(
    client: ContactsClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_REPORT_BYTES", 1000)
    server.plays(answers_bytes(200, b"EMAIL\n" + b"x\n" * 1000))
    with pytest.raises(UnexpectedAnswer, match="larger"):
        client.count_report_rows(f"{server.url}/r.csv")


LOGIN = b"<!DOCTYPE html>\n<html>\n<body>Please log in</body>\n</html>\n"


@pytest.mark.parametrize(
    ("label", "body"),
    [
        ("text/html; charset=utf-8", LOGIN),
        ("text/csv", LOGIN),
        ("", b"\xef\xbb\xbf \r\n\t" + LOGIN),
        ("TEXT/HTML", b"Please log in\nto see\nthe file\n"),
        ("application/json", b'"expired"\n'),
        ("", b'{"message": "expired",\n"code": 1}\n'),
        ("application/xml", b"<?xml version='1.0'?>\n<Error><Code>ExpiredToken</Code></Error>\n"),
        ("application/octet-stream", b"PK\x03\x04\n\n\n"),
        ("", b"%PDF-1.7\n1\n2\n"),
        ("", b"\x1f\x8b\n\n"),
        ("image/png", b"\x89PNG\n\n"),
        ("text/csv", b"E\0M\0A\0\n\0a\0\n\0"),
        ("text/csv", b"\n" * 200_000 + LOGIN),
    ],
)
def test_what_is_no_report_counts_no_rows(
    label: str, body: bytes, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(*[answers_bytes(200, body, headers={"content-type": label})] * 2)
    with pytest.raises(UnexpectedAnswer, match="the link may have expired"):
        client.count_report_rows(f"{server.url}/secret.csv")
    with pytest.raises(UnexpectedAnswer):
        list(client.report_rows(f"{server.url}/secret.csv"))


@pytest.mark.parametrize(
    "body",
    [
        b"EMAIL" * 1_000_000,
        b"EMAIL\n" + b"x" * 3_000_000,
        b"EMAIL\n" + b'"x' * 3_000_000,
        b'EMAIL;NAME\n"a' + b'\n";"b' * 1_000_000,
    ],
    ids=["one line", "one cell", "one open quote", "one row of many lines"],
)
def test_a_report_without_an_end_to_its_rows_is_no_report(
    body: bytes, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(answers_bytes(200, body, headers={"content-type": "text/csv"}))
    with pytest.raises(UnexpectedAnswer, match=r"cannot be read: (a line|a row|field)") as caught:
        client.count_report_rows(f"{server.url}/secret.csv")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("play", SLOW.values(), ids=SLOW)
def test_a_report_that_drips_ends_in_time(
    play: Play, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_REPORT_SECONDS", 0.3)
    server.plays(play)
    with ContactsClient(server.url, "key") as client, pytest.raises(ContactsApiError):
        client.count_report_rows(f"{server.url}/secret.csv")


@pytest.mark.parametrize("play", LARGE.values(), ids=LARGE)
def test_a_report_that_floods_is_no_report(
    play: Play, client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(play)
    with pytest.raises((Unavailable, UnexpectedAnswer)) as caught:
        client.count_report_rows(f"{server.url}/secret.csv")
    assert "secret" not in str(caught.value)


def test_a_report_that_is_cut_within_its_headers_is_not_an_empty_one(
    client: ContactsClient, server: ScriptedServer
) -> None:
    server.plays(*[sends(b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n")] * 9)
    with pytest.raises(Unavailable):
        client.count_report_rows(f"{server.url}/r.csv")


def test_a_compressed_report_is_read(client: ContactsClient, server: ScriptedServer) -> None:
    body = gzip.compress(b"EMAIL\n" + b"somebody@example.com\n" * 50_000)
    server.plays(answers_bytes(200, body, headers={"content-encoding": "gzip"}))
    assert client.count_report_rows(f"{server.url}/r.csv") == 50_000


def test_a_consumer_may_stop_early(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers_bytes(200, b"EMAIL\n" + b"x\n" * 100_000), answers_bytes(200, b"EMAIL\nx\n"))
    rows = client.report_rows(f"{server.url}/r.csv")
    assert next(iter(rows)) == {"EMAIL": "x"}
    del rows
    assert client.count_report_rows(f"{server.url}/r.csv") == 1
