"""JSON read as frames says what JSON read object by object says, over generated files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.json
import pytest

from email_contacts.contacts.errors import PreparationError
from email_contacts.contacts.masking import mask
from email_contacts.contacts.sources import json_frames, json_odd_objects, json_rows
from email_contacts.contacts.sources.json_batches import Read
from email_contacts.contacts.sources.json_frames import JsonFrames
from email_contacts.contacts.sources.rows import EMPTY, Frame
from tests.contacts.sources.reading import opened, rows_in

ROWS = 400  # of a file; the first of them say what the columns are
FIRST = 20
SEEDS = 50  # of files, in each form
TEXTS = ("", "Ada", "Zoë", "李", "a\nb", 'say "hi"', "\\", "null", "NaN", "},{", "\u2028", "\x7f", "😀")
NUMBERS = (0, -1, 7, 2**53, 2**63 - 1, 10**15)
FLOATS = (0.5, -1.25, 1e-7, 123456.789, 1 / 3)
KINDS: dict[str, Callable[[random.Random], Any]] = {
    "text": lambda chance: chance.choice(TEXTS),
    "number": lambda chance: chance.choice(NUMBERS),
    "float": lambda chance: chance.choice(FLOATS),
    "decimal": lambda chance: chance.choice((1.0, 12.0, -3.0, 0.0, 2.5)),
    "version": lambda chance: chance.choice(("1.", "v1.2.3", "é1.5", "1")),
    "answer": lambda chance: chance.random() < 0.5,
    "list": lambda chance: chance.choices(TEXTS, k=chance.randrange(3)),
    "numbers": lambda chance: chance.choices((*NUMBERS, None), k=chance.randrange(3)),
    "objects": lambda chance: (
        [{"id": chance.choice(NUMBERS), "paid": chance.choice(FLOATS)}] * chance.randrange(3)
    ),
    "lists": lambda chance: [[chance.choice(TEXTS)], None][: chance.randrange(3)],
    "either": lambda chance: chance.choice((*NUMBERS, *FLOATS)),
    "mixed": lambda chance: chance.choice((0, 7, -1, 10**14, 0.5, -37.25, 123456.789)),
    "nothing": lambda _: None,
    "inside": lambda chance: {"city": chance.choice(TEXTS), "geo": {"lat": chance.choice(FLOATS)}},
    "attributes": lambda chance: {"FIRSTNAME": chance.choice(TEXTS), "POINTS": chance.choice(NUMBERS)},
}
# fmt: off
ODD_VALUES: Sequence[Any] = (
    None, "", "x", 0, 1, 1.0, -0.0, 10.0, 2**63, 10**30, 1e300, True, [], ["x", None], [1], [["x"]], [{}], {},
    {"city": None}, {"city": 1}, {"geo": None}, {"x": "new"}, {"city": "x", "geo": {}}, {"FIRSTNAME": "x"},
)
NEAR_MISSES: dict[str, Sequence[Any]] = {
    "mixed": (1.0, 10.0, -0.0, 1e15, 2**53 + 1, 2**54 + 1, 1e-7, "1.5"), "float": (1, 10.0),
    "decimal": (1, -0.0, 1e300),
    "number": (1.0, True), "text": (1, None), "inside": (None, {"geo": None}),
}
ODD_TEXTS = (
    "NaN", "Infinity", "-Infinity", "01", "-0", "1e2", "1E400", ".5", "5.", "+1", "0x1", "tru", "'x'", '"x',
    '"\t"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\udc00"', '"\\x"', '"\\u0000"', '"\\/"', "[1,]", "/**/1", "[",
    '{"city":"a","city":"b"}', "1}{", '1},{"text":"y"', '1}],"rows":[{"text":"y"', "nul", "", '"\ufeff"', "}",
)
# fmt: on


NOT_UNIFORM = ("either", "mixed", "decimal")  # with decimals such as 1e-07 beside them


def written(one: dict[str, Any], chance: random.Random) -> str:
    """An object as text, at times with what no library writes."""
    text = json.dumps(one, ensure_ascii=chance.random() < 0.5, separators=chance.choice([None, (",", ":")]))
    if chance.random() < 0.004 and one:
        return text[:-1] + f', "{chance.choice(list(one))}": {chance.choice(ODD_TEXTS)}' + "}"
    if chance.random() < 0.004 and one:
        return text.replace(json.dumps(one[chance.choice(list(one))]), chance.choice(ODD_TEXTS), 1)
    return chance.choice((" ", "\t", "")) + text if chance.random() < 0.002 else text


def objects(chance: random.Random, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    for place in range(ROWS):
        one = {kind: KINDS[kind](chance) for kind in kinds}
        if place >= FIRST and chance.random() < 0.004:
            kind = chance.choice(kinds)
            one[kind] = chance.choice(
                NEAR_MISSES.get(kind, ODD_VALUES) if chance.random() < 0.5 else ODD_VALUES
            )
        if place >= FIRST and chance.random() < 0.004:
            one.pop(chance.choice(kinds))
        if place >= FIRST and chance.random() < 0.002:
            one[chance.choice(("late", "Text", "wanted"))] = chance.choice(ODD_VALUES)
        if chance.random() < 0.1:
            one = dict(chance.sample(sorted(one.items()), len(one)))
        yield one


def in_lines(texts: Sequence[str], chance: random.Random) -> str:
    lines = [text + chance.choice(("\n",) * 500 + ("\r\n", "\n\n", " \n", ",\n")) for text in texts]
    for place in chance.sample(range(FIRST, ROWS - 2), 2):
        # As many lines as objects, but one has two of them, and another line has two objects.
        lines[place] = lines[place].replace(",", ",\n", 1)
        lines[place + 1] = lines[place + 1].rstrip("\n")
    return "".join(lines)


def in_an_array(texts: Sequence[str], chance: random.Random) -> str:
    comma = chance.choice((",", ", ", ",\n  "))
    body = comma.join(texts)
    if chance.random() < 0.2:
        body = body.replace(comma, chance.choice((", null,", ",,", ", [],", ", 7,", " ")), 1)
    return f"[{body}]"


FORMS = (in_lines, in_an_array)


def read(path: Path, *, frames: bool, drop: bool) -> tuple[list[str], int]:
    """The rows of a file, or the error that ends it; and how many were read as frames."""
    found: list[str] = []
    framed = 0
    with pytest.MonkeyPatch.context() as patch:
        if not frames:
            patch.setattr(JsonFrames, "of", lambda *_, **__: None)
        try:
            rows = opened(path, source_format="ndjson", expected=["wanted"], drop_late_columns=drop)
            for block in rows.blocks():
                found += map(repr, map(_comparable, rows_in(block)))
                framed += len(block) if isinstance(block, Frame) else 0
            return [repr(rows.columns), *found, repr(rows.late_columns)], framed
        except PreparationError as error:
            return [repr(error)], framed


def _comparable(row: Any) -> Any:
    """A row, without what is in objects: nobody asks for that."""
    if not isinstance(row, list):
        return row
    return ["[…]" if mask(cell) == "[…]" else cell for cell in row]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        ("json_lines", "_BYTES_IN_A_FRAME"),
        ("json_lines", "_BLOCK_BYTES"),
        ("json_text", "_BYTES_IN_A_FRAME"),
        ("json_text", "BLOCK_BYTES"),
        ("json_rows", "HEAD_BYTES"),
    ):
        monkeypatch.setattr(f"email_contacts.contacts.sources.{module}.{name}", 1_500)
    monkeypatch.setattr(json_rows, "ROWS_LOOKED_AT", FIRST)
    monkeypatch.setattr(json_frames, "_LONGEST_PAUSE", 1)
    monkeypatch.setattr(json_odd_objects, "_MOST", 0.5)


def differs(path: Path, form: Callable[..., str], seed: int, kinds: Sequence[str] = ()) -> bool:
    """Generate a file, and say whether its frames say anything else than its objects.

    :param kinds: what it has; by default text and four others.
    """
    chance = random.Random(seed)
    kinds = kinds or ["text", *chance.sample(sorted(KINDS), 4)]
    text = form([written(one, chance) for one in objects(chance, list(dict.fromkeys(kinds)))], chance)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    drop = chance.random() < 0.8
    return read(path, frames=True, drop=drop)[0] != read(path, frames=False, drop=drop)[0]


def test_there_are_enough_rows() -> None:
    assert SEEDS * ROWS >= 20_000


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_frames_say_what_objects_say(tmp_path: Path, form: Callable[..., str], seed: int) -> None:
    assert not differs(tmp_path / "x.json", form, seed)


_WITHIN: Any = JsonFrames._within
_PARSE: Any = pyarrow.json.ParseOptions


def _read(frame: Frame | None) -> Read | None:
    return None if frame is None else Read(frame)


# What the frames would be if somebody made them take more.
LOOSENED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "floats of any kind": lambda patch: patch.setattr(json_frames, "are_decimals", lambda _: True),
    "whole decimals": lambda patch: patch.setattr(json_frames, "may_have_whole_decimals", lambda _: False),
    "whole numbers among decimals": lambda patch: patch.setattr(json_frames, "have_points", lambda *_: True),
    "objects over several lines": lambda patch: patch.setattr(
        JsonFrames,
        "of_lines",
        lambda self, text, **_: _read(
            self._frame(text, self._fields, text.count(b"\n"), block_bytes=len(text) + 1)
        ),
    ),
    "objects that are null": lambda patch: patch.setattr(
        JsonFrames,
        "_within",
        lambda self, columns, path, **_: _WITHIN(self, columns, path, may_have_nulls=lambda: False),
    ),
    "keys that are new": lambda patch: patch.setattr(
        pyarrow.json, "ParseOptions", lambda **told: _PARSE(**told | {"unexpected_field_behavior": "ignore"})
    ),
}


# What files have where few others tell.
KINDS_OF = {"whole decimals": ("mixed",), "objects that are null": ("inside",)}


@pytest.mark.parametrize("loosened", LOOSENED)
def test_frames_that_take_more_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loosened: str
) -> None:
    LOOSENED[loosened](monkeypatch)
    kinds = KINDS_OF.get(loosened, ())
    found = (differs(tmp_path / "x.json", form, seed, kinds) for seed in range(4 * SEEDS) for form in FORMS)
    assert any(found)


@pytest.mark.parametrize("form", FORMS)
def test_most_of_a_uniform_file_is_read_as_frames(tmp_path: Path, form: Callable[..., str]) -> None:
    chance = random.Random(1)
    path = tmp_path / "x.json"
    rows = [
        {kind: make(chance) for kind, make in KINDS.items() if kind not in NOT_UNIFORM} for _ in range(ROWS)
    ]
    path.write_text("[" + ",".join(map(json.dumps, rows)) + "]" if form is in_an_array else _lines(rows))
    found, framed = read(path, frames=True, drop=False)
    assert framed > 0.9 * (ROWS - FIRST)
    assert found == read(path, frames=False, drop=False)[0]


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize("place", [0, 7, 15])
@pytest.mark.parametrize("share", [0.4, 0.6, 3.0])
def test_a_line_that_is_longer_than_half_of_what_is_read_costs_no_other(place: int, share: float) -> None:
    lines = _lines([{"email": f"p{row}@example.com", "x": "y" * 80} for row in range(16)]).splitlines()
    lines[place] = json.dumps({"email": "long@example.com", "x": "y" * int(share * 16 * 120)})
    records = list(map(json.loads, lines))
    frames = JsonFrames.of(records, places={"email": 0, "x": 1}, width=2, whole=())
    assert frames is not None
    found = frames.of_lines("".join(f"{line}\n" for line in lines).encode(), longest=10_000)
    assert found is not None
    assert rows_in(found.frame) == [list(record.values()) for record in records]


def test_objects_in_lists_are_read_without_what_they_hold(tmp_path: Path) -> None:
    orders = ('[{"item":"book"},{"item":"map"}]', "[]", "null", "[null]", '[null,{"item":"map"}]')
    lines = [f'{{"email":"p{row}@example.com","orders":{orders[row % 5]}}}\n' for row in range(ROWS)]
    path = tmp_path / "x.json"
    path.write_text("".join(lines))
    blocks = list(opened(path, source_format="ndjson", expected=[], drop_late_columns=False).blocks())
    found = [rows_in(block) for block in blocks if isinstance(block, Frame)]
    cells: list[Any] = [row[1] for rows in found for row in rows if isinstance(row, list)]
    assert len(cells) > ROWS // 2
    assert {repr(cell) for cell in cells} == {
        "[{'': None}, {'': None}]", "[]", repr(EMPTY), "[None]", "[None, {'': None}]",
    }  # fmt: skip


def test_whole_numbers_and_decimals_side_by_side_are_read_at_once(tmp_path: Path) -> None:
    points = ("0", "37.5", "-2", "0.8371629374651928", "0.0001", "999999999999999", "1.9", "null")
    lines = [f'{{"email":"p{row}@example.com","points":{points[row % 8]}}}\n' for row in range(ROWS)]
    path = tmp_path / "x.json"
    path.write_text("".join(lines))
    found, framed = read(path, frames=True, drop=False)
    assert framed > ROWS // 2  # all but the first block, which tells what the columns are
    assert found == read(path, frames=False, drop=False)[0]


@pytest.mark.parametrize(
    "odd",
    [
        *("1.0", "-0", "1e2", "0.00001", "1e15", "2.0000", "9007199254740993", "12345678901234567.5"),
        *("1.00000000000000001", "1.99999999999999999999", "123456789012345.00001", "9007199254740992.0"),
    ],
)
def test_a_number_that_may_be_another_to_python_is_read_one_by_one(tmp_path: Path, odd: str) -> None:
    lines = [f'{{"email":"p{row}@example.com","points":{row / 2:g}}}\n' for row in range(ROWS)]
    lines[ROWS // 2] = f'{{"email":"odd@example.com","points":{odd}}}\n'
    path = tmp_path / "x.json"
    path.write_text("".join(lines))
    found, framed = read(path, frames=True, drop=False)
    assert 0 < framed < ROWS - FIRST
    assert found == read(path, frames=False, drop=False)[0]
