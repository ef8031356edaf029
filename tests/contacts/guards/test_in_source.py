"""People whom the source itself marks as opted out, with other rows that do not say so."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.partitions import merge_partitions, prepare_partition
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.selection import RowSelection
from tests.contacts.prepared import Prepared

NAMES = ("email", "ext_id", "sms", "whatsapp", "emailBlacklisted", "smsBlacklisted", "whatsappBlacklisted")
ONE, TWO, THREE = "4915123456789", "4915123456780", "4915123456781"
OUT, OUT_OF_SMS, OUT_OF_WHATSAPP = ("true", "", ""), ("false", "true", "no"), ("false", "no", "true")
IN = ("false", "false", "false")
KINDS = ["csv", "ndjson", "parquet"]
POLICIES = ["first", "last"]
Line = tuple[str, ...]


def written(path: Path, *lines: Line) -> Path:
    """Write rows in the notation of the file's name."""
    if path.suffix == ".csv":
        path.write_text("\n".join(map(",".join, (NAMES, *lines))) + "\n")
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(dict(zip(NAMES, line, strict=True))) + "\n" for line in lines))
    else:
        columns = zip(*lines, strict=True)
        pq.write_table(pa.table(dict(zip(NAMES, map(list, columns), strict=True))), path)
    return path


def prepared(source: Path, **options: Any) -> Prepared:
    found = Prepared(prepare(source, source.parent / "stage", Options(**options)))
    account_for_all(found)
    return found


def account_for_all(found: Prepared) -> None:
    rows = found.manifest.rows
    assert rows.read == rows.accepted + rows.rejected + rows.duplicates + sum(rows.held_back.values())


def sent(found: Prepared) -> list[str]:
    return [one.get("email", one["attributes"].get("EXT_ID", "")) for one in found.contacts]


def held(folder: Path) -> list[tuple[str, str]]:
    with (folder / "stage" / "held_back.csv").open(newline="") as file:
        return [(one["row"], one["reason"]) for one in csv.DictReader(file)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("duplicates", [*POLICIES, "fail"])
@pytest.mark.parametrize("turn", [1, -1])
def test_the_other_row_of_somebody_who_opted_out_is_not_sent(
    tmp_path: Path, turn: int, duplicates: str, kind: str
) -> None:
    lines = [("a@example.com", "", "", "", *said) for said in (IN, OUT)][::turn]
    source = written(tmp_path / f"people.{kind}", *lines, ("b@example.com", "", "", "", *IN))
    found = prepared(source, duplicates=duplicates)
    assert sent(found) == ["b@example.com"]
    assert [rule for _, _, rule in found.rules] == ["opted_out"]
    assert found.manifest.rows.held_back == {"opted_out": 1}
    assert held(tmp_path) == [("1" if turn == 1 else "2", "opted_out")]
    assert not found.duplicates


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("duplicates", POLICIES)
def test_of_several_other_rows_one_is_held_back_and_the_rest_are_duplicates(
    tmp_path: Path, duplicates: str, kind: str
) -> None:
    lines = [("a@example.com", "", "", "", *said) for said in (IN, OUT, IN, OUT, IN)]
    found = prepared(written(tmp_path / f"people.{kind}", *lines), duplicates=duplicates)
    assert not found.contacts
    assert (found.manifest.rows.duplicates, found.manifest.rows.held_back) == (2, {"opted_out": 1})
    counting = 1 if duplicates == "first" else 5
    assert found.duplicates == [(row, counting) for row in (1, 3, 5) if row != counting]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    "lines",
    [
        [("a@example.com", "C-1", "", "", *OUT), ("", "C-1", "", "", *IN)],
        [("", "", ONE, "", *OUT), ("b@example.com", "", f"+{ONE}", "", *IN)],
        [("a@example.com", "", "", TWO, *OUT), ("b@example.com", "", "", TWO, *IN)],
        [
            ("", "", ONE, "", *OUT),
            ("a@example.com", "", ONE, "", *IN),
            ("A@Example.com", "C-1", "", "", *IN),
            ("", "C-1", "", "", *IN),
        ],
        [("a@example.com", "", "", "", *OUT), ("b@example.com", "", ONE, "", *IN),
         ("a@example.com", "", ONE, "", *OUT)],
    ],
)  # fmt: skip
def test_an_opt_out_counts_by_any_identifier(tmp_path: Path, lines: list[Line], turn: int, kind: str) -> None:
    source = written(tmp_path / f"people.{kind}", *lines[::turn], ("z@example.com", "Z", THREE, "", *IN))
    assert sent(prepared(source)) == ["z@example.com"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("said", "place"), [(OUT_OF_SMS, 2), (OUT_OF_WHATSAPP, 3)])
def test_an_opt_out_from_a_number_concerns_rows_with_one(
    tmp_path: Path, said: Line, place: int, kind: str
) -> None:
    def line(email: str, ext_id: str, number: str, flags: Line) -> Line:
        return (email, ext_id, number if place == 2 else "", number if place == 3 else "", *flags)

    source = written(
        tmp_path / f"people.{kind}",
        line("a@example.com", "C-1", ONE, said),
        line("a@example.com", "", "", IN),
        line("b@example.com", "C-1", TWO, IN),
        line("z@example.com", "", THREE, IN),
    )
    found = prepared(source)
    assert sent(found) == ["a@example.com", "z@example.com"]
    assert found.manifest.rows.held_back == {"opted_out": 1}
    assert held(tmp_path) == [("3", "opted_out")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("email", ["true", "perhaps"])
def test_whatever_a_row_says_first_all_its_opt_outs_count(tmp_path: Path, email: str, kind: str) -> None:
    source = written(
        tmp_path / f"people.{kind}",
        ("a@example.com", "", ONE, TWO, email, "true", "true"),
        ("a@example.com", "", ONE, "", *IN),
        ("b@example.com", "", "", TWO, *IN),
    )
    assert sent(prepared(source, conflicts="flag")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_wrong_besides_counts_by_what_can_be_read(tmp_path: Path, kind: str) -> None:
    source = written(
        tmp_path / f"people.{kind}",
        ("no address", "C-1", "", "", *OUT),
        ("nobody", "", "", "", *OUT),
        ("a@example.com", "C-1", "", "", *IN),
        ("z@example.com", "", "", "", *IN),
    )
    assert sent(prepared(source)) == ["z@example.com"]


def test_an_address_that_the_platform_made_up_is_no_opt_out_of_the_person(tmp_path: Path) -> None:
    source = written(
        tmp_path / "people.csv",
        (f"{ONE}@mailin-sms.com", "", ONE, "", *OUT),
        ("a@example.com", "", ONE, "", *IN),
        (f"{TWO}@mailin-sms.com", "", TWO, "", "true", "true", "false"),
        ("b@example.com", "", TWO, "", *IN),
    )
    found = prepared(source)
    assert sent(found) == ["a@example.com"]
    assert found.manifest.rows.rejected == 2


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_no_and_an_opt_out_of_one_row_both_count(tmp_path: Path, kind: str) -> None:
    names = ("email", "ext_id", "SMS", "smsBlacklisted", "ok")
    lines = [
        ("a@example.com", "C-1", ONE, "true", "no"),
        ("", "C-1", "", "false", "yes"),
        ("b@example.com", "C-2", TWO, "true", "yes"),
        ("", "C-2", "", "false", "yes"),
    ]
    source = tmp_path / f"people.{kind}"
    if kind == "csv":
        source.write_text("\n".join(map(",".join, (names, *lines))) + "\n")
    else:
        source.write_text("\n".join(json.dumps(dict(zip(names, line, strict=True))) for line in lines))
    found = prepared(source, consent_column=ConsentColumn("ok"))
    assert sent(found) == ["C-2"]
    assert found.manifest.rows.held_back == {"no_consent": 1}


def test_where_nobody_else_is_concerned_there_is_no_list(tmp_path: Path) -> None:
    lines = [("a@example.com", "", "", "", *OUT), ("b@example.com", "", "", "", *IN)]
    found = prepared(written(tmp_path / "people.csv", *lines))
    assert (found.manifest.held_back_uri, found.manifest.rows.held_back) == ("", {})
    everybody = prepared(written(tmp_path / "people.csv", *lines, lines[0]), opted_out="import")
    assert sent(everybody) == ["b@example.com", "a@example.com"]


def test_over_many_blocks(tmp_path: Path) -> None:
    people = range(20_000)
    lines = [(f"p{one}@example.com", "", "", "", *(OUT if one % 1000 == 0 else IN)) for one in people]
    lines += [(f"p{one}@example.com", "", "", "", *IN) for one in people if one % 500 == 0]
    found = prepared(written(tmp_path / "people.csv", *lines))
    assert found.manifest.rows.held_back == {"opted_out": 20}
    assert (found.manifest.rows.duplicates, found.manifest.rows.accepted) == (20, 19_980)


@pytest.mark.parametrize("out", range(4))
def test_across_partitions(tmp_path: Path, out: int) -> None:
    def lines(index: int) -> Sequence[Line]:
        person = ("a@example.com", "", ONE, "", *(OUT if index == out else IN))
        return ((f"x{index}@example.com", "", "", "", *IN), person, ("", "", ONE, "", *IN))

    folders = []
    for index in range(4):
        source = written(tmp_path / "part.csv", *lines(index))
        folders.append(tmp_path / f"part{index}")
        part = prepare_partition(source, folders[-1], index=index, count=4)
        assert part.opted_out == (("EMAIL",) if index == out else ())
    merged = Prepared(merge_partitions(folders, tmp_path / "stage"))
    account_for_all(merged)
    assert sent(merged) == [f"x{index}@example.com" for index in range(4)]
    assert not any(folder.exists() for folder in folders)
    whole = tmp_path / "whole"
    whole.mkdir()
    one = prepared(written(whole / "all.csv", *(line for index in range(4) for line in lines(index))))
    assert one.bodies == merged.bodies
    assert one.manifest.rows == merged.manifest.rows
    assert held(whole) == held(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_an_opt_out_in_a_row_that_is_not_read_counts_for_those_that_are(kind: str, tmp_path: Path) -> None:
    """As in a retry of rejected rows, after an import that took contacts who had opted out."""
    source = written(
        tmp_path / f"people.{kind}",
        ("ann@example.com", "X-9", "", "", *OUT),
        ("bob@example.com", "X-2", ONE, "", *IN),
        ("ann@example.com", "", "", "", *IN),
        ("cy@example.com", "", "", "", *IN),
        ("dan@example.com", "X-4", TWO, "", *IN),
        ("dan2@example.com", "X-4", TWO, "", *OUT_OF_SMS),
        ("bob@example.com", "X-8", THREE, "", *IN),
    )
    found = prepared(source, only_rows=RowSelection([2, 3, 4, 5]))
    assert sent(found) == ["bob@example.com", "cy@example.com"]
    assert (found.manifest.rows.read, found.manifest.rows.rejected) == (4, 0)
    assert held(tmp_path) == [("3", "opted_out"), ("5", "opted_out")]
