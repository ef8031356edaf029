"""Contacts packed into bodies: to the byte."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.batches.bodies import Batches, WholeFile
from email_contacts.contacts.batches.contact_bytes import Chosen, Contacts
from email_contacts.contacts.batches.forms import SEPARATORS, TAILS
from email_contacts.contacts.choices import FILE_BODY, FILE_URL, JSON_BODY
from email_contacts.contacts.errors import RowTooLong
from email_contacts.contacts.staging.stage import Stage
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import Prepared

HEADS = {JSON_BODY: b"[", FILE_BODY: b'"EMAIL;NAME\\n'}
IN_BATCHES = (JSON_BODY, FILE_BODY)


def contacts_of(*texts: bytes, separator: bytes) -> Chosen:
    rows = [text + separator for text in texts]
    lengths = np.array(list(map(len, rows)), np.uint32)
    contacts = Contacts([b"".join(rows)], lengths, np.arange(1, len(rows) + 1, dtype=np.uint32))
    return contacts.only(np.ones(len(rows), bool))


def batches(stage: Path, form: str, limit: int) -> Batches:
    return Batches(
        Stage(stage, source="elsewhere"),
        head=HEADS[form],
        tail=TAILS[form],
        separator=SEPARATORS[form],
        limit=limit,
    )


@pytest.mark.parametrize("form", IN_BATCHES)
@pytest.mark.parametrize("slack", [-1, 0, 1])
def test_a_body_is_filled_to_its_last_byte(tmp_path: Path, form: str, slack: int) -> None:
    separator = SEPARATORS[form]
    full = HEADS[form] + separator.join([b"x" * 10] * 4) + TAILS[form]
    bodies = batches(tmp_path / "stage", form, len(full) + slack)
    bodies.add(contacts_of(*[b"x" * 10] * 8, separator=separator))
    done = bodies.finish()
    bodies.close()
    assert [batch.contacts for batch in done] == ([3, 3, 2] if slack < 0 else [4, 4])
    if slack >= 0:
        assert [Path(batch.uri).read_bytes() for batch in done] == [full, full]
    for batch in done:
        content = Path(batch.uri).read_bytes()
        assert (batch.bytes, batch.fingerprint) == (len(content), sha256(content).hexdigest())
        assert batch.bytes <= len(full) + slack


@pytest.mark.parametrize("form", IN_BATCHES)
@pytest.mark.parametrize("at_once", [1, 2, 7, 100])
def test_how_many_are_added_at_once_does_not_matter(tmp_path: Path, form: str, at_once: int) -> None:
    texts = [b"x" * (1 + number * 7 % 23) for number in range(100)]
    separator = SEPARATORS[form]
    bodies = batches(tmp_path / "stage", form, 97)
    for first in range(0, 100, at_once):
        bodies.add(contacts_of(*texts[first : first + at_once], separator=separator))
        bodies.add(contacts_of(separator=separator))
    done = bodies.finish()
    bodies.close()
    found = []
    sizes = []
    for batch in done:
        content = Path(batch.uri).read_bytes()
        assert content.startswith(HEADS[form])
        assert content.endswith(TAILS[form])
        inner = content[len(HEADS[form]) : -len(TAILS[form])]
        found += inner.split(separator)
        sizes.append(len(content))
    assert found == texts
    assert max(sizes) <= 97
    # Greedy: the first contact of a body did not fit into the one before it.
    counts = np.cumsum([batch.contacts for batch in done])
    for size, next_one in zip(sizes[:-1], counts[:-1], strict=True):
        assert size + len(separator) + len(texts[next_one]) > 97


def test_no_contacts_make_no_body(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage", source="elsewhere")
    whole = WholeFile(stage, head=b"EMAIL\n")
    whole.add(contacts_of(separator=b"\n"))
    assert whole.count == 0
    assert whole.finish() == ()
    assert batches(tmp_path / "stage", JSON_BODY, 1_024).finish() == ()
    assert list((tmp_path / "stage").iterdir()) == []


def source_of(sizes: list[int]) -> str:
    return "ext_id,name\n" + "".join(f"{place},{'x' * size}\n" for place, size in enumerate(sizes))


@pytest.mark.parametrize(
    ("body", "overhead"),
    [
        (JSON_BODY, len('[{"attributes":{"EXT_ID":"0","NAME":""}}]')),
        (FILE_BODY, len('"EXT_ID;NAME\\n0;"')),
    ],
)
def test_one_contact_may_fill_a_body_and_not_a_byte_more(
    write: WriteSource, tmp_path: Path, body: str, overhead: int
) -> None:
    fits = 1_024 - overhead
    source = write(source_of([fits, 5, fits]))
    found = Prepared(prepare(source, tmp_path / "stage", Options(body=body, max_batch_bytes=1_024)))
    assert list(map(len, found.bodies)) == [1_024, overhead + 5, 1_024]
    for content in found.bodies:
        json.loads(content)
    with pytest.raises(RowTooLong, match="The contact of row 2 has"):
        prepare(
            write(source_of([5, fits + 1])), tmp_path / "stage", Options(body=body, max_batch_bytes=1_024)
        )
    assert not list((tmp_path / "stage").glob("batch-*"))
    assert not (tmp_path / "stage" / "manifest.json").exists()


def test_a_file_for_a_url_has_any_size(write: WriteSource, tmp_path: Path) -> None:
    source = write(source_of([300] * 50))
    found = Prepared(prepare(source, tmp_path / "stage", Options(body=FILE_URL, max_batch_bytes=1_024)))
    (content,) = found.bodies
    (batch,) = found.manifest.batches
    assert len(content) == batch.bytes > 15_000
    assert batch.fingerprint == sha256(content).hexdigest()
    lines = list(csv.reader(io.StringIO(content.decode()), delimiter=";"))
    assert len(lines) == batch.contacts + 1 == 51
