"""JSON as orjson reads it, and what Python's own ``json`` writes besides."""

from __future__ import annotations

import json
import math
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts import Mapping, Options, prepare
from email_contacts.contacts.sources.json_value import parse
from tests.contacts.prepared import Prepared

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda some: st.lists(some) | st.dictionaries(st.text(max_size=3), some))


@given(VALUES)
def test_what_python_writes_is_read(value: object) -> None:
    assert repr(parse(json.dumps(value).encode())) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        *(b"nan", b"NAN", b"{'a': NaN}", b'{"a": NaN', b'{"a": +Infinity}', b'{"a": NaN,}', b"\xffNaN"),
        *(
            b'["\\ud800", NaN]',
            b"[" * 100_000 + b"NaN",
            b"[1E400, NaN]",
            b"[NaN, 123456789012345678901234567890]",
        ),
    ],
)
def test_nothing_else_is(text: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        parse(text)


def test_the_infinities_are_floats() -> None:
    assert parse(b"[Infinity, -Infinity]") == [math.inf, -math.inf]


ROWS = ('{"email": "a@example.com", "points": 1.5}', '{"email": "b@example.com", "points": NaN, "sms": NaN}')
COLUMNS = {"email": "EMAIL", "sms": "SMS", "points": {"attribute": "POINTS", "type": "number"}}


def written(folder: Path, form: str) -> Path:
    path = folder / f"people.{form}"
    if form == "parquet":
        points, sms = pa.array([1.5, math.nan]), pa.array([None, math.nan], pa.float64())
        emails = ["a@example.com", "b@example.com"]
        pq.write_table(pa.table({"email": emails, "points": points, "sms": sms}), path)
    else:
        path.write_text("\n".join(ROWS) if form == "ndjson" else f"[{', '.join(ROWS)}]")
    return path


@pytest.mark.parametrize("form", ["ndjson", "json", "parquet"])
def test_nan_is_nothing_where_the_mapping_says_so(tmp_path: Path, form: str) -> None:
    source = written(tmp_path, form)
    found = Prepared(
        prepare(source, tmp_path / "strict", Options(mapping=Mapping.from_json({"columns": COLUMNS})))
    )
    assert [one["email"] for one in found.contacts] == ["a@example.com"]
    assert 'list NaN under "nulls"' in Path(found.manifest.rejects_uri).read_text().replace('""', '"')
    with_nulls = Mapping.from_json({"columns": COLUMNS, "nulls": ["NaN"]})
    found = Prepared(prepare(source, tmp_path / "read", Options(mapping=with_nulls)))
    assert found.contacts == [
        {"email": "a@example.com", "attributes": {"POINTS": 1.5}},
        {"email": "b@example.com", "attributes": {}},
    ]


def test_an_infinite_number_is_called_so(tmp_path: Path) -> None:
    source = tmp_path / "people.ndjson"
    source.write_text(
        '{"email": "a@example.com", "points": 1}\n{"email": "b@example.com", "points": Infinity}\n'
    )
    found = Prepared(prepare(source, tmp_path / "stage", Options()))
    assert "It is infinite" in Path(found.manifest.rejects_uri).read_text()
