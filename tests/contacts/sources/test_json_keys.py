"""Keys that come twice in an object of JSON: the row is rejected, however the JSON is read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts import Mapping, Query
from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.header_names import knowing
from email_contacts.contacts.sources.json_keys import has_repeated_key, parsed
from email_contacts.contacts.sources.rows import RowFault
from tests.contacts.prepared import prepared

MESSAGE = "comes twice, so that it is not certain what is meant. Write it once."
ODD = '{"email":"p%d@example.com","name":"x","name":"y: z"}'
USUAL = '{"email":"p%d@example.com","name":"http://x.example: \\"a\\": b"}'


@pytest.fixture(autouse=True)
def names_are_shown() -> None:
    """Not those of the sources here."""


_texts = st.text(st.sampled_from('ab:"\\{}[],é\n'), max_size=6)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=12,
)


@given(_values, st.integers(0, 2), st.booleans())
def test_what_has_each_key_once_is_never_found(value: Any, indent: int, long: bool) -> None:
    text = json.dumps([value] * (400 if long else 1), indent=indent or None).encode()
    assert not has_repeated_key(text, orjson.loads(text))


@given(st.dictionaries(_texts, _values, min_size=1, max_size=4), _values, st.booleans())
def test_what_has_one_twice_always_is(record: dict[str, Any], other: Any, long: bool) -> None:
    once = json.dumps(record)
    key = next(iter(record))
    twice = f"{once[:-1]}, {json.dumps(key)}: {json.dumps(other)}}}"
    text = f'[{once}, {{"a": [{twice}]}}{f", {once}" * (1_000 if long else 0)}]'.encode()
    assert has_repeated_key(text, orjson.loads(text))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"email": 1, "email": 1}', 'The key "email"'),
        ('{"email": 1, "\\u0065mail": 2}', 'The key "email"'),
        ('{"email": 1, "email": "\\u003a"}', 'The key "email"'),
        ('{"email": null, "email": NaN}', 'The key "email"'),
        ('{"tariff": 1, "tariff": 2}', 'The key "tariff"'),
        ('{"jane@example.com": 1, "jane@example.com": 2}', "A key"),
        ('{"secret": 1, "secret": 2}', "A key"),
        ('{"a": {"email": 1, "email": 2}}', 'The key "email"'),
    ],
)
def test_only_a_name_that_is_known_is_shown(text: str, named: str) -> None:
    with knowing(["tariff"]):
        fault = parsed(text.encode())
    assert isinstance(fault, RowFault)
    assert (fault.rule, fault.message) == ("json", f"{named} {MESSAGE}")


@pytest.mark.parametrize(
    "text",
    ["7", f'{"[" * 500}{{"a": ":"}}{"]" * 500}', '{"a": "\\u003A"}', '"a: b"', "null", "[]", "{}", '[":"]'],
)
def test_what_is_no_object_is_what_it_is(text: str) -> None:
    assert parsed(text.encode()) == json.loads(text)


def as_lines(folder: Path, objects: Sequence[str]) -> Path:
    (folder / "people.ndjson").write_text("\n".join(objects))
    return folder / "people.ndjson"


def as_array(folder: Path, objects: Sequence[str]) -> Path:
    (folder / "people.json").write_text(f"[{', '.join(objects)}]")
    return folder / "people.json"


def under_a_key(folder: Path, objects: Sequence[str]) -> Path:
    (folder / "people.json").write_text(f'{{"data": [{", ".join(objects)}]}}')
    return folder / "people.json"


def one_after_another(folder: Path, objects: Sequence[str]) -> Path:
    (folder / "people.json").write_text("\n".join(one.replace(",", ",\n") for one in objects))
    return folder / "people.json"


FORMS = [as_lines, as_array, under_a_key, one_after_another]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("twice", [{0}, {3, 4}, {2_999}, {0, 1_500, 1_501, 2_998}], ids=len)
def test_rows_of_a_file(tmp_path: Path, form: Callable[[Path, Sequence[str]], Path], twice: set[int]) -> None:
    """Among the first rows, and among those that Arrow would read."""
    objects = [(ODD if place in twice else USUAL) % place for place in range(3_000)]
    found = prepared(form(tmp_path, objects))
    assert [row for row, *_ in found.rules] == [place + 1 for place in sorted(twice)]
    assert {reject["message"] for reject in found.rejects} == {f'The key "name" {MESSAGE}'}
    assert len(found.contacts) == 3_000 - len(twice)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("odd", [ODD, '{"email":"p%d@example.com","a.b":1,"a":{"b":2}}'])
def test_where_each_row_is_so_it_is_the_file(
    tmp_path: Path, form: Callable[[Path, Sequence[str]], Path], odd: str
) -> None:
    source = form(tmp_path, [odd % place for place in range(3_000)])
    with pytest.raises(
        SourceUnreadable, match=rf"^In each of the first rows of people\.n?d?json: .* {MESSAGE}$"
    ):
        prepared(source)


@pytest.mark.parametrize("form", FORMS)
def test_a_single_object(tmp_path: Path, form: Callable[[Path, Sequence[str]], Path]) -> None:
    found = prepared(form(tmp_path, [USUAL % 1, '{"email":"a@example.com","email":"b@example.com"}']))
    assert found.rules == [(2, "", "json")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "odd",
    [
        '{"email":"a@example.com","address.city":"A","address":{"city":"B"}}',
        '{"email":"a@example.com","address":{"city":"B"},"address.city":"A"}',
        '{"email":"a@example.com","address":{"geo.city":1,"geo":{"city":2}}}',
    ],
)
def test_a_path_to_two_values(tmp_path: Path, form: Callable[[Path, Sequence[str]], Path], odd: str) -> None:
    usual = '{"email":"p%d@example.com","address":{"city":"x"}}'
    found = prepared(
        form(tmp_path, [usual % 1, odd, *(usual % place for place in range(2, 1_500)), odd]),
        mapping=Mapping.from_json({"columns": {"email": "EMAIL"}, "unknown_columns": "drop"}),
    )
    assert found.rules == [(2, "", "json"), (1_501, "", "json")]
    assert {reject["message"].partition(" comes")[0] for reject in found.rejects} <= {
        "A key",
        'The key "address.city"',
    }


def test_text_of_json_in_a_query(tmp_path: Path) -> None:
    rows = [
        ("a@example.com", '{"city": "A"}'),
        ("b@example.com", '{"city": "A", "city": "B"}'),
        ("c@example.com", '{"geo.lat": 1, "geo": {"lat": 2}}'),
    ]
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("CREATE TABLE people (email TEXT, address TEXT)")
        database.executemany("INSERT INTO people VALUES (?, ?)", rows)
    database.close()
    query: Any = Query(lambda: sqlite3.connect(tmp_path / "crm.db"), "SELECT * FROM people")
    columns = {"email": "EMAIL", "address.city": "CITY"}
    mapping = Mapping.from_json({"columns": columns, "unknown_columns": "drop"})
    found = prepared(query, tmp_path / "stage", mapping=mapping)
    assert found.rules == [(2, "", "json"), (3, "", "json")]
    assert found.rejects[0]["message"].startswith('The key "city"')
