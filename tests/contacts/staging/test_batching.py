"""Packing contacts into bodies."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.staging.batching import BatchWriter
from email_contacts.contacts.staging.stage import Stage


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 90), max_size=30))
def test_contacts_are_packed_in_order_and_within_the_limit(lengths: list[int]) -> None:
    with TemporaryDirectory() as folder:
        writer = BatchWriter(Stage(Path(folder), source=Path("source")), limit=96)
        texts = [str(number).rjust(length, "x") for number, length in enumerate(lengths)]
        for text in texts:
            writer.add(json.dumps(text).encode())
        batches = writer.finish()
        bodies = [Path(batch.uri).read_bytes() for batch in batches]
    assert [text for body in bodies for text in json.loads(body)] == texts
    assert all(len(body) == batch.bytes <= 96 for body, batch in zip(bodies, batches, strict=True))
    for body, following in pairwise(bodies):
        first = json.dumps(json.loads(following)[0])
        assert len(body) + len(",") + len(first) > 96
