"""What an import may come from: ``jsonBody``, ``fileBody``, ``fileUrl`` (api-contract §2.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.sandbox import rows
from tests.sandbox.rehearsal import Host, Rehearsal

CSV = (
    "EMAIL;FIRSTNAME;POINTS;NEWSLETTER;BIRTHDAY;INTERESTS;NOPE\n"
    'a@example.com;"Ada; ""the"" first";2.5;Yes;11-02-1989;books,food;x\n'
)
ADA = {
    "FIRSTNAME": 'Ada; "the" first',
    "POINTS": 2.5,
    "NEWSLETTER": True,
    "BIRTHDAY": "1989-02-11",
    "INTERESTS": ["books", "food"],
}


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_is_really_parsed(sandbox: Rehearsal, delimiter: str) -> None:
    body = delimiter.join(["email", "firstname", "LASTNAME"]) + "\n"
    body += delimiter.join([" a@example.com", f'"Ada {delimiter} first"', '"line\nbreak"']) + "\n\n"
    body += "b@example.com\n"
    sandbox.imported(fileBody=body)
    assert sandbox.attributes("a@example.com") == {
        "FIRSTNAME": f"Ada {delimiter} first",
        "LASTNAME": "line\nbreak",
    }
    assert sandbox.attributes("b@example.com") == {}


def test_cells_are_read_by_the_type_of_their_attribute(sandbox: Rehearsal) -> None:
    sandbox.imported(fileBody=CSV)
    assert sandbox.attributes("a@example.com") == ADA


@pytest.mark.parametrize(
    ("cell", "kept"),
    [("nan", None), ("1e400", None), ("12", 12), ("-3.25", -3.25), ("1e30", 1e30), ("", None)],
)
def test_numbers_of_a_csv(sandbox: Rehearsal, cell: str, kept: Any) -> None:
    sandbox.imported(fileBody=f"EMAIL;POINTS\na@example.com;{cell}\n")
    assert sandbox.attributes("a@example.com").get("POINTS") == kept


@pytest.mark.parametrize(
    ("path", "media", "content"),
    [
        ("/people.csv", "application/octet-stream", CSV.encode()),
        ("/people.txt?signed=1", "application/octet-stream", b"\xef\xbb\xbf" + CSV.encode()),
        ("/download", "text/csv; charset=utf-8", CSV.encode()),
        (
            "/people.json",
            "application/octet-stream",
            json.dumps([{"email": "a@example.com", "attributes": ADA}]).encode(),
        ),
    ],
)
def test_a_file_is_really_fetched(
    sandbox: Rehearsal, host: Host, path: str, media: str, content: bytes
) -> None:
    sandbox.imported(fileUrl=host.serve(path, content, media=media))
    assert sandbox.attributes("a@example.com") == ADA


def test_a_file_may_be_windows_1252(sandbox: Rehearsal, host: Host) -> None:
    url = host.serve("/people.csv", "EMAIL;FIRSTNAME\na@example.com;Zoë\n".encode("cp1252"))
    sandbox.imported(fileUrl=url)
    assert sandbox.attributes("a@example.com") == {"FIRSTNAME": "Zoë"}


def test_a_file_that_cannot_be_had_is_a_500(sandbox: Rehearsal, host: Host) -> None:
    for url in (host.url + "/missing.csv", "http://127.0.0.1:1/refused.csv"):
        answer = sandbox.refusal("POST", "/contacts/import", json={"fileUrl": url, "listIds": [2]})
        assert answer == (500, "internal_error")
    assert sandbox.server.imports_accepted() == 0


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/a.csv", "people.csv", "http://", "http://a:x/b.csv"]
)
def test_only_http_is_fetched(sandbox: Rehearsal, url: str) -> None:
    answer = sandbox.refusal("POST", "/contacts/import", json={"fileUrl": url, "listIds": [2]})
    assert answer == (400, "invalid_parameter")


def test_a_file_of_another_kind_or_size_is_refused(sandbox: Rehearsal, host: Host) -> None:
    kind = host.serve("/people.xlsx", b"PK")
    assert sandbox.refusal("POST", "/contacts/import", json={"fileUrl": kind, "listIds": [2]})[0] == 400
    sandbox.server.set_knobs(file_url_limit_bytes=10)
    large = host.serve("/people.csv", CSV.encode())
    assert sandbox.refusal("POST", "/contacts/import", json={"fileUrl": large, "listIds": [2]})[0] == 400
    assert list(sandbox.server.account.worker.spool.iterdir()) == []


def test_a_file_that_breaks_off_fails_its_import(sandbox: Rehearsal, host: Host) -> None:
    url = host.serve("/people.json", b'[{"email": "a@example.com"}, {"email": "b@exam')
    assert sandbox.imported(fileUrl=url)["status"] == "failed"


ITEMS = [{"email": f"p{i}@example.com", "attributes": {"N": "x" * 50, "Q": 'a"],[{é'}} for i in range(3)]


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(rows, "_CHUNK", chunk)
    source = tmp_path / "source"
    source.write_text(json.dumps(ITEMS, indent=indent, ensure_ascii=False) + "\n")
    read = list(rows.read(source, "json"))
    assert [row.number for row in read] == [1, 2, 3]
    assert [row.fields for row in read] == [{**item["attributes"], "EMAIL": item["email"]} for item in ITEMS]  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "text", ["", "{}", "[", '[{"a": 1}', '[{"a": 1},]', '[{"a": 1} {"b": 2}]', "[1]", '[{"a": 1}] x', "[,{}]"]
)
def test_malformed_json_is_told(tmp_path: Path, text: str) -> None:
    source = tmp_path / "source"
    source.write_text(text)
    with pytest.raises(rows.BadSource):
        list(rows.read(source, "json"))


def test_an_empty_json_array_has_no_rows(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text(" [ ] ")
    assert list(rows.read(source, "json")) == []


def test_a_csv_cell_without_end_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text('EMAIL\n"' + "x" * 200_000)
    with pytest.raises(rows.BadSource):
        list(rows.read(source, "csv"))
