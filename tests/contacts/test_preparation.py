"""From a source to batches, rejects, duplicates and a manifest."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_contacts.contacts import Manifest, Mapping, Progress, prepare
from email_contacts.contacts.errors import (
    InvalidOption,
    PreparationError,
    RowTooLong,
    SourceEmpty,
    SourceMissing,
    StageError,
)
from email_contacts.contacts.sources import line_feed
from tests.amount import amount
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import ACCOUNT, prepared

HEADER = "email,ext_id,firstname,sms,country,birthday,points,newsletter,interests\n"


def test_a_row_becomes_a_contact_as_json_body_wants_it(write: WriteSource) -> None:
    source = write(
        HEADER
        + " Anna@Example.COM ,C-1, Zoë ,+44 7700 900123,de,1990-01-05T10:00:00Z,12.50,Yes,music|books|music\n"
    )
    found = prepared(source, account_attributes=ACCOUNT)
    assert found.contacts == [
        {
            "email": "anna@example.com",
            "attributes": {
                "EXT_ID": "C-1",
                "FIRSTNAME": "Zoë",
                "SMS": "447700900123",
                "COUNTRY": "DE",
                "BIRTHDAY": "1990-01-05",
                "POINTS": 12.5,
                "NEWSLETTER": True,
                "INTERESTS": ["music", "books"],
            },
        }
    ]


def test_empty_cells_are_left_out_so_that_they_erase_nothing(write: WriteSource) -> None:
    found = prepared(write(HEADER + "a@example.com,,  ,,,,,,\n,C-2,,,,,0,no,\n"), account_attributes=ACCOUNT)
    assert found.contacts == [
        {"email": "a@example.com", "attributes": {}},
        {"attributes": {"EXT_ID": "C-2", "POINTS": 0, "NEWSLETTER": False}},
    ]


def test_each_kind_of_bad_row_is_rejected_under_its_rule_and_the_rest_goes_on(write: WriteSource) -> None:
    bad = {
        "email": "a@example,C-1,,,,,,,",
        "phone": "a@example.com,,,0151 234,,,,,",
        "date": "a@example.com,,,,,2023-02-30,,,",
        "number": "a@example.com,,,,,,1_000,,",
        "boolean": "a@example.com,,,,,,,perhaps,",
        "category": "a@example.com,,,,XX,,,,",
        "multiple_choice": "a@example.com,,,,,,,,books|chess",
        "identifier": ",,Zoë,,,,,,",
        "columns": "a@example.com,C-1",
        "quoting": 'a@example.com,"C" 1,,,,,,,',
        "null_byte": "a@example.com,C\0,,,,,,,",
    }
    found = prepared(
        write(HEADER + "\n".join(bad.values()) + "\nok@example.com,,,,,,,,\n"), account_attributes=ACCOUNT
    )
    fields = ["email", "sms", "birthday", "points", "newsletter", "country", "interests", "", "", "", ""]
    assert found.rules == list(zip(range(1, 12), fields, bad, strict=True))
    assert found.manifest.reject_reasons == dict.fromkeys(bad, 1)
    assert [contact["email"] for contact in found.contacts] == ["ok@example.com"]
    assert found.manifest.rows.read == 12


def test_a_row_with_two_faults_is_listed_once_with_the_first_of_its_columns(write: WriteSource) -> None:
    found = prepared(write(HEADER + "a@example.com,,,123,,1990-13-5,x,,\n"), account_attributes=ACCOUNT)
    assert found.rules == [(1, "sms", "phone")]


def test_rejects_show_no_value_as_it_is(write: WriteSource) -> None:
    found = prepared(write(HEADER + "jane..doe@example.com,,,,,,,,\n"), account_attributes=ACCOUNT)
    listed = Path(found.manifest.rejects_uri).read_text()
    assert "***..***@***.***" in listed
    assert "jane" not in listed


def test_the_same_source_gives_the_same_bytes(write: WriteSource, tmp_path: Path) -> None:
    lines = "".join(f"p{number % 90}@example.com,Zoë {number}\n" for number in range(120))
    source = write("email,firstname\n" + lines + "broken,x\n")
    first, second = (prepared(source, tmp_path / name, max_batch_bytes=1024) for name in ("a", "b"))
    assert len(first.bodies) > 3
    assert first.bodies == second.bodies
    assert first.manifest.fingerprint == second.manifest.fingerprint
    assert first.rejects == second.rejects
    assert first.duplicates == second.duplicates


def test_other_rows_give_another_fingerprint(write: WriteSource, tmp_path: Path) -> None:
    prints = {
        prepared(write(f"email\n{address}@example.com\n"), tmp_path / address).manifest.fingerprint
        for address in "ab"
    }
    assert len(prints) == 2


def test_the_manifest_names_every_batch_with_its_size_and_digest(write: WriteSource) -> None:
    from hashlib import sha256

    found = prepared(
        write("email\n" + "".join(f"p{n}@example.com\n" for n in range(100))), max_batch_bytes=1024
    )
    for batch, body in zip(found.manifest.batches, found.bodies, strict=True):
        assert batch.bytes == len(body) <= 1024
        assert batch.contacts == len(json.loads(body))
        assert batch.fingerprint == sha256(body).hexdigest()
    assert sum(batch.contacts for batch in found.manifest.batches) == found.manifest.rows.accepted == 100


def test_a_header_without_rows_is_a_quiet_day(write: WriteSource) -> None:
    found = prepared(write("email\n"))
    assert found.manifest.rows.read == 0
    assert found.manifest.batches == ()


def test_what_an_earlier_try_left_is_removed(write: WriteSource, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    prepared(
        write("email\n" + "".join(f"p{n}@example.com\n" for n in range(100))), stage, max_batch_bytes=1024
    )
    (stage / "notes.txt").write_text("mine")
    prepared(write("email\na@example.com\n"), stage)
    assert sorted(path.name for path in stage.iterdir()) == [
        "batch-00001.json",
        "conflicts.csv",
        "duplicates.csv",
        "manifest.json",
        "notes.txt",
        "rejects.csv",
        "rejects.parquet",
        "row_numbers.bin",
    ]


@pytest.mark.parametrize("content", ["", "firstname\nZoë\n", 'email\n"never closed\n'])
def test_a_failure_leaves_no_manifest_of_an_earlier_try(
    write: WriteSource, tmp_path: Path, content: str
) -> None:
    stage = tmp_path / "stage"
    prepared(write("email\na@example.com\n"), stage)
    with pytest.raises(PreparationError):
        prepared(write(content), stage)
    assert not (stage / "manifest.json").exists()


def test_a_local_stage_is_its_owners_alone(write: WriteSource, tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    prepared(write("email\na@example.com\n"), stage)
    assert stat.S_IMODE(stage.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in stage.iterdir()} == {0o600}


def test_a_stage_that_is_a_file(write: WriteSource, tmp_path: Path) -> None:
    (tmp_path / "stage").write_text("")
    with pytest.raises(StageError, match=r"stage is a file. Give a folder"):
        prepared(write("email\n"))


def test_a_source_that_the_stage_would_remove(write: WriteSource, tmp_path: Path) -> None:
    source = write("email\na@example.com\n", "rejects.csv")
    with pytest.raises(StageError, match="under a name that the stage uses itself"):
        prepared(source, tmp_path)
    assert source.exists()


def test_a_missing_source(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"nowhere\.csv does not exist") as caught:
        prepared(tmp_path / "nowhere.csv")
    assert isinstance(caught.value, FileNotFoundError)


def test_an_empty_folder_as_source(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceMissing, match="holds no files"):
        prepare(tmp_path / "empty", tmp_path / "stage")


@pytest.mark.parametrize("content", ["", "\n \n", b"\xef\xbb\xbf"])
def test_an_empty_source(write: WriteSource, content: str | bytes) -> None:
    with pytest.raises(SourceEmpty, match=r"contacts\.csv is empty\. A source needs a header line"):
        prepared(write(content))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_rejects": "many"}, 'neither a number of rows such as 100 nor a share such as "5%"'),
        ({"max_rejects": "101%"}, "max_rejects='101%'"),
        ({"max_rejects": -1}, "max_rejects=-1"),
        ({"max_rejects": True}, "max_rejects=True"),
        ({"unknown_columns": "ignore"}, 'unknown_columns="ignore" is not one of fail, drop'),
        ({"source_format": "pdf"}, 'source_format="pdf" is not one of auto, csv, ndjson'),
        ({"max_batch_bytes": 8_000_000}, "max_batch_bytes=8000000 is not between 1,024 and 7,983,616"),
    ],
)
def test_options_that_no_source_could_satisfy(
    write: WriteSource, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        prepared(write("email\na@example.com\n"), **options)
    assert message in str(caught.value)


def test_a_contact_that_is_too_long_once_it_is_json(write: WriteSource) -> None:
    source = write("email,notes\na@example.com,a" + "\x01" * 500 + "z\n")
    with pytest.raises(RowTooLong, match=r"The contact of row 1 has 3,\d\d\d bytes as it is sent"):
        prepared(source, max_batch_bytes=1024)


def test_dropped_columns_are_named_or_counted(write: WriteSource) -> None:
    mapping = Mapping.from_json({"columns": {"mail": "EMAIL"}})
    source = write("mail,shoesize,City\na@example.com,x,y\n")
    found = prepared(source, mapping=mapping, unknown_columns="drop")
    assert found.manifest.unknown_columns == ("number 2", "City")
    assert found.contacts == [{"email": "a@example.com", "attributes": {}}]


def test_progress_counts_up_to_the_end(write: WriteSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_feed, "BLOCK_BYTES", 1_000_000)
    told: list[Progress] = []
    source = write("email\nbad\n" + "".join(f"p{n}@example.com\n" for n in range(200_000)))
    found = prepared(source, on_progress=told.append, max_batch_bytes=1_000_000)
    steps = [(step.read, step.rejected, step.batches) for step in told]
    assert steps == sorted(steps)
    assert len({read for read, _, _ in steps}) > 3
    assert steps[-1] == (200_001, 1, len(found.bodies))
    assert any(0 < batches < len(found.bodies) for _, _, batches in steps)
    assert [step.seconds for step in told] == sorted(step.seconds for step in told)


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(
    max_examples=amount(150, quick=10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(cell | st.sampled_from(["a@example.com", "B@Example.com"]), cell, cell), max_size=12
    )
)
def test_every_row_is_accounted_for(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    import csv

    source = tmp_path / "generated.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["email", "ext_id", "firstname"])
        writer.writerows(rows)
    found = prepared(source)
    counts = found.manifest.rows
    assert counts.read == sum(any(map(str.strip, row)) for row in rows)  # a row of nothing is none
    assert counts.accepted == len(found.contacts)
    assert counts.rejected == len(found.rejects)
    assert counts.duplicates == len(found.duplicates)
    listed = {row for row, _, _ in found.rules} | {row for row, _ in found.duplicates}
    assert len(listed) == counts.rejected + counts.duplicates
    assert Manifest.read(tmp_path / "stage" / "manifest.json") == found.manifest
