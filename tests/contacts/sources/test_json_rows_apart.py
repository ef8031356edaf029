"""Rows of JSON with a value of another type than the others have: they are decided by themselves.

The same file is prepared with frames and without, and the two stages are the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from email_contacts.contacts import AccountAttribute, Options, prepare
from email_contacts.contacts.sources import json_odd_objects, json_rows
from email_contacts.contacts.sources.consent_column import ConsentColumn
from email_contacts.contacts.sources.json_batches import Mixed
from email_contacts.contacts.sources.json_frames import JsonFrames
from email_contacts.contacts.sources.json_odd_objects import odd_places
from email_contacts.contacts.sources.rows import Frame
from email_contacts.contacts.sources.selection import RowSelection
from tests.contacts.sources.reading import opened

ROWS, FIRST = 3_000, 60
KINDS = ("ndjson", "json")
ATTRIBUTES = tuple(
    AccountAttribute(name, type)
    for name, type in (("FIRSTNAME", "text"), ("POINTS", "number"), ("SMS", "text"), ("DAY", "date"))
)
# What a value is now and then instead.
ODD: dict[str, Sequence[Any]] = {
    "email": (7, None, ["a@example.com"], True),
    "firstname": (7, True, 1.5, None, ["Ada"], {"x": 1}),
    "points": ("12", "", "many", None, True, [1]),
    "sms": (33612345678, None, "33612345679", ""),
    "emailBlacklisted": ("yes", "no", "", 1, 0, None, "perhaps"),
    "consent": (True, False, "", 1, None, "perhaps"),
}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        ("json_lines", "_BYTES_IN_A_FRAME", 20_000),
        ("json_lines", "_BLOCK_BYTES", 4_000),
        ("json_text", "_BYTES_IN_A_FRAME", 20_000),
        ("json_text", "BLOCK_BYTES", 4_000),
        ("json_rows", "HEAD_BYTES", 4_000),
        ("json_frames", "_LONGEST_PAUSE", 1),
    ):
        monkeypatch.setattr(f"email_contacts.contacts.sources.{module}.{name}", value)
    monkeypatch.setattr(json_odd_objects, "_MOST", 0.3)
    monkeypatch.setattr(json_rows, "ROWS_LOOKED_AT", FIRST)


def people(chance: random.Random, first: int = 0) -> Iterator[dict[str, Any]]:
    for number in range(first, first + ROWS):
        one: dict[str, Any] = {
            "consent": chance.choice(("yes",) * 9 + ("no",)),
            "email": f"p{number % 1_700}@example.com",
            "firstname": chance.choice(("Ada", "Zoë", 'O"Neill') if number % 500 else ("a},{b", "},\n{}")),
            "points": chance.choice((number, number + 0.25)),
            "sms": f"+336123{number % 1_800:05}",
            "day": chance.choice(("1990-01-31", "1990-13-05")) if number % 50 == 0 else "1990-01-31",
            "emailBlacklisted": number % 20 == 0,
        }
        if chance.random() < 0.06:
            key = chance.choice(list(ODD))
            one[key] = chance.choice(ODD[key])
        yield one


def write(path: Path, rows: Iterator[dict[str, Any]], *keys: str) -> Path:
    some = [
        json.dumps({key: row[key] for key in keys or row}, ensure_ascii=number % 3 == 0)
        for number, row in enumerate(rows)
    ]
    if path.suffix == ".json":
        path.write_text("[\n  " + ",\n  ".join(some) + "\n]\n", encoding="utf-8")
    else:
        path.write_text("".join(f"{one}\n" for one in some), encoding="utf-8")
    return path


CONSENT = Options(
    account_attributes=ATTRIBUTES,
    unknown_columns="drop",
    consent_column=ConsentColumn("consent", yes=("yes", "true"), no=("no", "false", "")),
)
PLAIN = Options(account_attributes=ATTRIBUTES, unknown_columns="drop")
SETTINGS = {
    "opt-outs": PLAIN,
    "opt-outs and consent": CONSENT,
    "some rows": Options(
        account_attributes=ATTRIBUTES, unknown_columns="drop", only_rows=RowSelection(range(3, ROWS, 7))
    ),
    "as a file": Options(account_attributes=ATTRIBUTES, unknown_columns="drop", body="file_body"),
}


def staged(folder: Path) -> dict[str, bytes]:
    """What a preparation left, but for the manifest, which names its time."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != "manifest.json"
    }


def both_ways(
    folder: Path, source: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    with_frames = prepare(source, folder / "with", options)
    with monkeypatch.context() as patch:
        patch.setattr(JsonFrames, "of", lambda *_, **__: None)
        without = prepare(source, folder / "without", options)
    assert with_frames.rows == without.rows
    assert with_frames.rows.accepted > 0
    return staged(folder / "with"), staged(folder / "without")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SETTINGS)
def test_they_come_to_what_they_come_to_without_frames(
    name: str, kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / f"people.{kind}", people(random.Random(seed)))
    found, expected = both_ways(tmp_path, source, SETTINGS[name], monkeypatch)
    assert found == expected


def test_files_of_a_folder_with_their_keys_in_another_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    chance = random.Random(4)
    write(folder / "a.ndjson", people(chance))
    keys = ("points", "consent", "email", "sms", "emailBlacklisted", "day", "firstname")
    write(folder / "b.ndjson", people(chance, first=ROWS), *keys)
    found, expected = both_ways(tmp_path, folder, CONSENT, monkeypatch)
    assert found == expected


LOOSENED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "rows apart are empty": lambda patch: patch.setattr(Mixed, "completed", lambda self, rows: self.frame),
    "rows apart are in other places": lambda patch: patch.setattr(
        Mixed, "places", property(lambda self: [0, *self[1][:-1]])
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loosened", LOOSENED)
def test_what_is_planted_is_found(
    loosened: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LOOSENED[loosened](monkeypatch)
    source = write(tmp_path / f"people.{kind}", people(random.Random(0)))
    prepared = prepare(source, tmp_path / "with", PLAIN)
    monkeypatch.setattr(JsonFrames, "of", lambda *_, **__: None)
    assert prepare(source, tmp_path / "without", PLAIN).rows != prepared.rows or (
        staged(tmp_path / "with") != staged(tmp_path / "without")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_few_of_them_cost_the_others_nothing(kind: str, tmp_path: Path) -> None:
    source = write(tmp_path / f"people.{kind}", people(random.Random(1)))
    blocks = list(opened(source, expected=[], drop_late_columns=True).blocks())
    framed = [block for block in blocks if isinstance(block, Frame)]
    assert sum(map(len, framed)) > 0.7 * (ROWS - FIRST)
    assert sum(len(frame.own) for frame in framed) > 30


LINES = (
    b'{"a": "x", "b": 1, "c": [1]}',
    b'{"a":"y","b":-2.5,"c":[]}',
    b'{"a": null, "b": 7, "c": null}',
    b'{"a":"z","b":3,"c":["\xc3\xa9"]}',
)


@pytest.mark.parametrize(
    ("odd", "is_found"),
    [
        (b'{"a":"x","b":"1","c":[1]}', True),
        (b'{"a":"x","b":1,"c":"1"}', True),
        (b'{"a":true,"b":1,"c":[]}', True),
        (b'{"a":{},"b":1,"c":[]}', True),
        (b'{"a":"x","b":null,"c":[]}', False),
        (b'{"a":"x","b":"1"}', False),  # it is not seen in whose place a value is
        (b'{"a":"\\":","b":"1","c":[]}', False),
    ],
)
@pytest.mark.parametrize("place", [0, 17, 39])
def test_odd_lines_are_seen_by_the_kind_of_their_values(odd: bytes, is_found: bool, place: int) -> None:
    lines = [*LINES * 10]
    lines[place] = odd
    text = b"".join(line + b"\n" for line in lines)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    found = odd_places(text, ends)
    assert (None if found is None else found.tolist()) == ([place] if is_found else None)


def test_of_many_odd_lines_none_are_told() -> None:
    lines = [b'{"a":"x"}', b'{"a":"x"}', b'{"a":1}'] * 10
    text = b"".join(line + b"\n" for line in lines)
    assert odd_places(text, np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))) is None
