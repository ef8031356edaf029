"""JSON that is not one object a line."""

from __future__ import annotations

import io
import json
import math
import random
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.errors import NoRows, RowTooLong, SourceUndecodable, SourceUnreadable
from email_contacts.contacts.header_names import all_shown
from email_contacts.contacts.sources import json_text
from email_contacts.contacts.sources.json_batches import Batch, Mixed
from email_contacts.contacts.sources.json_shape import Shape
from email_contacts.contacts.sources.rows import Frame, RowFault
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import opened, rows_of

TWO = [{"email": "a", "x": 1}, {"email": "b", "x": 2}]
ROWS = [["a", 1], ["b", 2]]


def as_records(batch: Batch | Frame | Mixed) -> Sequence[Any]:
    assert isinstance(batch, Batch)
    return batch.records


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["x.json", "x.ndjson", "x"])
def test_an_array(write: WriteSource, name: str, indent: int | None) -> None:
    assert rows_of(opened(write(json.dumps(TWO, indent=indent), name))) == ROWS


@pytest.mark.parametrize(
    "around",
    [
        '{"people": %s}',
        '{"count": 2, "people": %s, "next": null}',
        '{"meta": {"email": "[{", "ids": [1]}, "people": %s}\n',
        '{"id": "7", "people":\n%s}',
        '{"errors": [], "people": %s}',
        '{"meta": {"fields": [{"name": "email"}]}, "people": %s}',
    ],
)
def test_an_array_under_a_key(write: WriteSource, around: str) -> None:
    rows = opened(write(around % json.dumps(TWO), "x.json"))
    assert 'the rows are under the key "people"' in rows.notes
    assert rows_of(rows) == ROWS


@pytest.mark.parametrize(
    "around",
    [
        '{"data": {"contacts": %s}}',
        '{"status": "ok", "data": {"id": 7, "total": 2,\n "contacts": %s, "next": null}, "errors": []}',
        '{"errors": [], "data": {"contacts": %s}, "links": {"pages": [{"href": "/2"}]}}',
        '{"data": {"owner": {"email": "o", "tags": [{"x": 1}]}, "contacts": %s}}',
    ],
)
def test_an_array_two_keys_deep(write: WriteSource, around: str) -> None:
    with all_shown():
        rows = opened(write(around % json.dumps(TWO), "x.json"))
    assert 'the rows are under the key "data.contacts"' in rows.notes
    assert rows_of(rows) == ROWS


def test_an_array_deeper_still(write: WriteSource) -> None:
    nodes = [{"node": one} for one in TWO]
    rows = opened(write(json.dumps({"data": {"list": {"contacts": {"edges": nodes}}}}), "x.json"))
    assert rows.columns == ("node.email", "node.x")
    assert rows_of(rows) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        '{"email": "a", "orders": [{"x": 1}]}',
        '{"email": "a", "orders": [{"x": 1}]}\n{"email": "b", "orders": []}\n',
        '{"attributes": {"x": 1}, "orders": [{"x": 1}]}',
        '{"data": {"email": "a", "orders": [{"x": 1}]}}',
        '{"orders": [{"x": 1}]}\n{"orders": [{"x": 1}]}',
    ],
)
def test_an_object_that_is_a_row_itself(write: WriteSource, text: str) -> None:
    assert len(rows_of(opened(write(text, "x.json")))) == len(text.splitlines())


@pytest.mark.parametrize("between", ["\n", "", "\n\n"])
def test_objects_over_several_lines(write: WriteSource, between: str) -> None:
    text = between.join(json.dumps(one, indent=1) for one in TWO)
    assert rows_of(opened(write(text, "x.ndjson"))) == ROWS


@pytest.mark.parametrize("around", ["[%s,]", "[%s\n,\n]", '{"people": [%s,]}', "%s,\n", "%s", "%s ,"])
@pytest.mark.parametrize("between", [",", ",\n"])
@pytest.mark.parametrize("indent", [None, 1])
def test_commas_behind_the_objects(write: WriteSource, around: str, between: str, indent: int | None) -> None:
    text = around % between.join(json.dumps(one, indent=indent) for one in TWO)
    assert rows_of(opened(write(text, "x.json"))) == ROWS


def test_one_object_over_several_lines(write: WriteSource) -> None:
    assert rows_of(opened(write(json.dumps(TWO[0], indent=1), "x.json"))) == ROWS[:1]


@pytest.mark.parametrize("text", ["[]", " [ ] ", '{"people": [], "count": 0}', ""])
def test_no_rows(write: WriteSource, text: str) -> None:
    with pytest.raises(NoRows):
        opened(write(text, "x.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"email": "a"}, {"email": "b"', "ends too early"),
        ('[{"email": "a"}', "ends too early"),
        ('{"people": [{"email": "a"}', "ends too early"),
        ('[{"email": "a"}] {"email": "b"}', "continues after the array"),
        ('{"a": [{"x": 1}], "b": [{"y": 1}]}', 'more than the rows under "a"'),
        ('[{"email": "a"} {"email": "b"}]', "not made of JSON objects with commas between"),
        ('[{"email": "a"}, 5, {"email": "b"}]', "not made of JSON objects with commas between"),
        ('[{"email": "a"},,]', "not made of JSON objects with commas between"),
        ("[,]", "not made of JSON objects with commas between"),
        ('[{"email": "a"},,{"email": "b"}]', "not made of JSON objects with commas between"),
        ('{"email": "a"},,{"email": "b"}', "not made of JSON objects with commas between"),
        ('{"email": "a"},,', "ends too early"),
        ('{"data": {"a": [{"email": "a"}], "b": [{"x": 1}]}}', "has more than the rows under"),
        ('{"data": {"a": [{"email": "a"}]}, "b": {"c": [{"email": "b"}]}}', "has more than the rows under"),
        ('{"data": {"a": [{"email": "a"}]}} {"data": {"a": [{"email": "b"}]}}', "has more than the rows"),
        ('["a", "b"]', "not made of JSON objects|no JSON object|none of the first rows"),
        ('[["a"], ["b"]]', "none of the first rows is one"),
    ],
)
def test_what_is_no_whole_source(write: WriteSource, text: str, message: str) -> None:
    with pytest.raises(SourceUnreadable, match=message):
        rows_of(opened(write(text, "x.json")))


def test_an_object_that_is_no_json_costs_its_row(write: WriteSource) -> None:
    found = rows_of(opened(write('[{"email": "a"}, {"email": nope}, {"email": "b"}]', "x.json")))
    assert [row.rule if isinstance(row, RowFault) else row for row in found] == [["a"], "json", ["b"]]


def test_what_is_no_object_is_found_beside_one_that_is_no_json(write: WriteSource) -> None:
    with pytest.raises(SourceUnreadable, match="with commas between them, at its row 3"):
        rows_of(opened(write('[{"a": 1}, {"a": x}, null, {"a": 2}]', "x.json")))


def test_numbers_that_are_missing_in_the_words_of_python(write: WriteSource) -> None:
    first, second = rows_of(opened(write('[{"a": 1}, {"a": NaN}]', "x.json")))
    assert first == [1]
    assert isinstance(second, list)
    assert math.isnan(second[0])


def test_bytes_that_are_not_utf_8(write: WriteSource) -> None:
    with pytest.raises(SourceUndecodable, match="not UTF-8 in its row 2"):
        opened(write(b'[{"email": "a"}, {"email": "\xff"}]', "x.json"))


def test_an_object_that_does_not_end(write: WriteSource) -> None:
    text = '[{"email": "' + "x" * 3_000_000
    with pytest.raises(RowTooLong, match="its row 1 is longer than"):
        opened(write(text, "x.json"), longest_row=1_000_000)


def some_value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(7 if depth < 2 else 5)
    if kind == 5:
        return [some_value(chance, depth + 1) for _ in range(chance.randrange(3))]
    if kind == 6:
        return {}
    text = "".join(chance.choice('a"\\{}[],: \n\té') for _ in range(chance.randrange(6)))
    return (None, True, 1.5, -3, text)[kind]


@pytest.mark.parametrize("block_bytes", [1 << 20, 7, 64])
def test_blocks_may_end_anywhere(
    write: WriteSource, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(json_text, "BLOCK_BYTES", block_bytes)
    for seed in range(60):
        chance = random.Random(seed)
        rows = [{"email": "a", "x": some_value(chance)} for _ in range(chance.randrange(1, 30))]
        text = json.dumps(rows, ensure_ascii=chance.random() < 0.5).encode()
        file = io.BytesIO(text)
        head = file.read(1)
        values = json_text.JsonValues(file.read, head, Shape(1, 1), longest=10_000, name="x")
        assert [one for batch in values.batches() for one in as_records(batch)] == rows, seed


def test_memory_is_bounded_whatever_the_array(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    one = json.dumps({"email": "a" * 100, "x": 1}) + ",\n"
    path.write_text("[" + (one * 400_000).rstrip(",\n") + "]")
    rows = opened(path)
    tracemalloc.start()
    count = sum(map(len, rows.blocks()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400_000
    assert peak < 40_000_000 < path.stat().st_size


def test_a_bracket_in_a_text_at_the_end_of_a_block_ends_no_object() -> None:
    rows = [{"x": "},{" * (number % 40), "y": [{"z": "]"}, {"z": "[{"}]} for number in range(400)]
    text = json.dumps(rows).encode()
    for size in (97, 1_000):
        chunks = iter([text[start : start + size] for start in range(1, len(text), size)])

        def read(_: int, chunks: Iterator[bytes] = chunks) -> bytes:
            return next(chunks, b"")

        values = json_text.JsonValues(read, text[:1], Shape(1, 1), longest=10_000, name="x")
        assert [one for batch in values.batches() for one in as_records(batch)] == rows
