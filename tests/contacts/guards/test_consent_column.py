"""A column that says who wants to be written to, in whatever source."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.errors import InvalidOption, MappingError
from email_contacts.contacts.partitions import merge_partitions, prepare_partition
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.selection import RowSelection
from tests.contacts.prepared import Prepared

CONSENT = Options(consent_column=ConsentColumn("Newsletter"))
GERMAN = ConsentColumn("newsletter", yes=("Ja",), no=("Nein", ""))


def prepared(
    folder: Path, *lines: str, options: Options = CONSENT, header: str = "email,newsletter"
) -> Prepared:
    source = folder / "people.csv"
    source.write_text("\n".join((header, *lines)) + "\n")
    return Prepared(prepare(source, folder / "stage", options))


def addresses(found: Prepared) -> list[str]:
    return [one["email"] for one in found.contacts]


def held(folder: Path) -> list[tuple[str, str]]:
    with (folder / "stage" / "held_back.csv").open(newline="") as file:
        return [(one["row"], one["reason"]) for one in csv.DictReader(file)]


def test_who_says_no_is_held_back_and_an_unknown_word_is_rejected(tmp_path: Path) -> None:
    found = prepared(
        tmp_path,
        "a@example.com,yes",
        "b@example.com,NO",
        "c@example.com,maybe",
        "d@example.com,",
        "e@example.com,1",
    )
    assert addresses(found) == ["a@example.com", "e@example.com"]
    assert found.manifest.rows.held_back == {"no_consent": 1}
    assert held(tmp_path) == [("2", "no_consent")]
    assert [(row, rule) for row, _, rule in found.rules] == [(3, "consent"), (4, "consent")]
    assert found.contacts[0]["attributes"] == {}


def test_its_words_can_be_said(tmp_path: Path) -> None:
    found = prepared(
        tmp_path, "a@example.com,ja", "b@example.com,NEIN", "c@example.com,", "d@example.com,yes",
        options=Options(consent_column=GERMAN),
    )  # fmt: skip
    assert addresses(found) == ["a@example.com"]
    assert found.manifest.rows.held_back == {"no_consent": 2}
    assert found.manifest.reject_reasons == {"consent": 1}


@pytest.mark.parametrize("duplicates", ["first", "last"])
@pytest.mark.parametrize("lines", [("yes", "no"), ("no", "yes")])
def test_a_no_counts_for_the_person_whichever_row_says_it(
    tmp_path: Path, duplicates: str, lines: tuple[str, ...]
) -> None:
    options = Options(consent_column=ConsentColumn("newsletter"), duplicates=duplicates)
    found = prepared(
        tmp_path, *(f"a@example.com,{word}" for word in lines), "b@example.com,yes", options=options
    )
    assert addresses(found) == ["b@example.com"]
    assert (found.manifest.rows.duplicates, found.manifest.rows.held_back) == (1, {"no_consent": 1})


def test_a_no_counts_by_any_identifier(tmp_path: Path) -> None:
    found = prepared(
        tmp_path, "a@example.com,4915123456789,yes", ",4915123456789,no", "b@example.com,,yes",
        header="email,sms,newsletter",
    )  # fmt: skip
    assert addresses(found) == ["b@example.com"]
    assert found.manifest.rows.held_back == {"no_consent": 2}


@pytest.mark.parametrize("duplicates", ["first", "last"])
@pytest.mark.parametrize(
    "lines",
    [
        (",4915123456789,,no", "a@example.com,4915123456789,,yes", "a@example.com,,,yes"),
        ("a@example.com,,,no", "a@example.com,4915123456789,,yes", ",4915123456789,,yes"),
        (",,4915123456780,no", "a@example.com,,,yes", "b@example.com,4915123456789,4915123456780,yes",
         "a@example.com,4915123456789,,yes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turn", [1, -1])
def test_a_no_counts_over_whatever_rows_lead_to_it(
    tmp_path: Path, lines: tuple[str, ...], turn: int, duplicates: str
) -> None:
    options = Options(consent_column=ConsentColumn("newsletter"), duplicates=duplicates)
    found = prepared(
        tmp_path, *lines[::turn], "z@example.com,,,yes", options=options,
        header="email,sms,whatsapp,newsletter",
    )  # fmt: skip
    assert addresses(found) == ["z@example.com"]
    rows = found.manifest.rows
    assert rows.read == rows.accepted + rows.duplicates + sum(rows.held_back.values())


def test_a_row_that_is_rejected_anyway_is_not_held_back(tmp_path: Path) -> None:
    found = prepared(tmp_path, "no address,no", "a@example.com,no", "b@example.com,yes")
    assert (found.manifest.rows.rejected, found.manifest.rows.held_back) == (1, {"no_consent": 1})


@pytest.mark.parametrize("body", ["json_body", "file_body"])
def test_a_source_whose_rows_are_all_rejected(tmp_path: Path, body: str) -> None:
    options = replace(CONSENT, body=body)
    found = prepared(tmp_path, "no address,no", "nor this,yes", options=options)
    rows = found.manifest.rows
    assert (rows.read, rows.rejected, rows.accepted, rows.held_back) == (2, 2, 0, {})


def test_typed_cells(tmp_path: Path) -> None:
    source = tmp_path / "people.parquet"
    names = [f"p{number}@example.com" for number in range(4)]
    pq.write_table(pa.table({"email": names, "newsletter": [True, False, None, True]}), source)
    found = Prepared(prepare(source, tmp_path / "stage", CONSENT))
    assert addresses(found) == ["p0@example.com", "p3@example.com"]
    assert (found.manifest.rows.held_back, found.manifest.rows.rejected) == ({"no_consent": 1}, 1)


def test_a_key_that_comes_late_is_not_overlooked(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"email": f"p{number}@example.com"} for number in range(1500)]
    rows += [{"email": "a@example.com", "newsletter": "no"}, {"email": "b@example.com", "newsletter": True}]
    source = tmp_path / "people.ndjson"
    source.write_text("\n".join(map(json.dumps, rows)))
    options = Options(consent_column=ConsentColumn("newsletter", yes=("", "true"), no=("no",)))
    found = Prepared(prepare(source, tmp_path / "stage", options))
    assert found.manifest.rows.accepted == 1501
    assert held(tmp_path) == [("1501", "no_consent")]


def test_over_many_blocks_the_rows_keep_their_numbers(tmp_path: Path) -> None:
    lines = [f"p{number}@example.com,{'no' if number % 1000 == 0 else 'yes'}" for number in range(1, 20_001)]
    found = prepared(tmp_path, *lines)
    assert found.manifest.rows.accepted == 19_980
    assert [int(row) for row, _ in held(tmp_path)] == list(range(1000, 20_001, 1000))


def test_a_column_that_a_mapping_names_is_also_sent(tmp_path: Path) -> None:
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "newsletter": "OPT_IN"}})
    options = Options(consent_column=ConsentColumn("newsletter"), mapping=mapping)
    found = prepared(tmp_path, "a@example.com,yes", "b@example.com,no", options=options)
    assert [one["attributes"] for one in found.contacts] == [{"OPT_IN": "yes"}]


def test_partitions(tmp_path: Path) -> None:
    folders = []
    for index, line in enumerate(
        ("a@example.com,no", "b@example.com,yes", "a@example.com,yes", "c@example.com,no")
    ):
        (tmp_path / "part.csv").write_text(f"email,newsletter\nx{index}@example.com,yes\n{line}\n")
        folders.append(tmp_path / f"part{index}")
        prepare_partition(tmp_path / "part.csv", folders[-1], index=index, count=4, options=CONSENT)
    manifest = merge_partitions(folders, tmp_path / "stage")
    assert (manifest.rows.accepted, manifest.rows.held_back) == (5, {"no_consent": 2})
    assert [row for row, _ in held(tmp_path)] == ["6", "8"]
    assert not any(folder.exists() for folder in folders)


def test_of_some_rows_only_those_are_held_back(tmp_path: Path) -> None:
    options = Options(consent_column=ConsentColumn("newsletter"), only_rows=RowSelection([1, 3]))
    words = ("yes", "no", "no", "yes", "no")
    found = prepared(
        tmp_path, *(f"p{word}{at}@example.com,{word}" for at, word in enumerate(words)), options=options
    )
    assert (found.manifest.rows.accepted, found.manifest.rows.held_back) == (1, {"no_consent": 1})
    assert held(tmp_path) == [("3", "no_consent")]


@pytest.mark.parametrize("no", [1, 2, 4])
def test_a_no_of_a_row_that_is_not_read_counts_for_those_that_are(no: int, tmp_path: Path) -> None:
    """As in a retry of rejected rows: the other rows of their people were not rejected."""
    options = Options(consent_column=ConsentColumn("newsletter"), only_rows=RowSelection([3]))
    lines = ["p@example.com,yes,X-1", "p@example.com,yes,X-1", "p@example.com,yes,", "q@example.com,yes,X-2"]
    found = prepared(tmp_path, *lines, options=options, header="email,newsletter,ext_id")
    assert addresses(found) == ["p@example.com"]
    lines[no - 1] = "p@example.com,no,X-1"
    found = prepared(tmp_path, *lines, options=options, header="email,newsletter,ext_id")
    assert not found.contacts
    assert not found.duplicates
    assert (found.manifest.rows.read, found.manifest.rows.held_back) == (1, {"no_consent": 1})
    assert held(tmp_path) == [("3", "no_consent")]


def test_a_column_that_is_not_there_fails(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match='consent_column="Newsletter" is not one column'):
        prepared(tmp_path, "a@example.com", header="email")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": "x", "yes": ["ja"], "no": ["JA"]}, "mean yes and no"),
        ({"name": "x", "yes": ["no"]}, "mean yes and no"),
        ({"yes": ["ja"]}, "must be a name"),
        ({"name": "x", "yes": "ja"}, "must be a name"),
        ({"name": "x", "words": []}, "must be a name"),
        ("  ", "needs the name"),
    ],
)
def test_settings_that_make_no_sense(said: Any, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        ConsentColumn.read(said)


def test_without_such_a_column_there_is_no_list(tmp_path: Path) -> None:
    found = prepared(tmp_path, "a@example.com", header="email", options=Options())
    assert found.manifest.held_back_uri == ""
    assert not (tmp_path / "stage" / "held_back.csv").exists()
