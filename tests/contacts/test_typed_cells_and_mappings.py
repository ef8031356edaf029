"""What a mapping says of cells means the same, whether a source gives types or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.contacts.cells import values
from tests.contacts.prepared import prepared
from tests.contacts.typed_sources import SOURCES, TYPED, sent

TURNED = {"true": ["false"], "false": ["true"]}  # of "unsubscribed" to who may be written to
CODES = {"true": ["2"], "false": ["1"]}


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        ({"type": "boolean", "booleans": TURNED}, [True, False, None, True], [False, True, None, False]),
        ({"type": "boolean", "booleans": CODES}, [1, 2, None, 1], [False, True, None, False]),
        ({"type": "boolean", "booleans": CODES}, [1.0, 2.0, None], [False, True, None]),
        ({"type": "boolean", "booleans": CODES}, [0, 3], [False, "!boolean"]),
        ({"type": "number", "nulls": ["-999", "0"]}, [-999, 0, 7, None], [None, None, 7, None]),
        ({"type": "number", "nulls": ["-999", "-99.5"]}, [-99.5, 1.5, None], [None, 1.5, None]),
        ({"type": "number", "nulls": ["1"]}, [1, 2], [None, 2]),
        ({"type": "boolean", "nulls": ["1"]}, [True, False, None], [True, False, None]),
        ({"type": "boolean", "nulls": ["false"]}, [True, False, None], [True, None, None]),
        ({"type": "text", "nulls": ["0"]}, [0, 7], [None, "7"]),
        ({"attribute": "SMS", "nulls": ["0"]}, [0, 4915123456789], [None, "4915123456789"]),
        ({"attribute": "EXT_ID", "nulls": ["-1"]}, [-1, 1001], [None, "1001"]),
        (
            {"type": "category", "categories": {"true": "Y", "false": "N"}},
            [True, False, None],
            ["Y", "N", None],
        ),
        ({"type": "category", "categories": {"1": "Y"}}, [1, 2], ["Y", "!category"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", SOURCES)
def test_cells_of_each_source(
    kind: str, tmp_path: Path, rule: dict[str, Any], cells: list[Any], expected: list[Any]
) -> None:
    assert sent(kind, tmp_path, cells, rule) == expected


@pytest.mark.parametrize("kind", TYPED)
def test_a_number_that_stands_for_nothing_is_that_whether_it_is_whole_or_not(
    kind: str, tmp_path: Path
) -> None:
    """A column of whole numbers with gaps is one of floats to a data frame, and its CSV has ``-999.0``."""
    rule = {"type": "number", "nulls": ["-999"]}
    assert sent(kind, tmp_path, [-999.0, 12.5, -999.5], rule) == [None, 12.5, -999.5]


def test_a_boolean_is_no_choice_that_was_not_named(tmp_path: Path) -> None:
    rule = {"type": "category", "categories": {"1": "Y", "0": "N"}}
    assert sent("NDJSON", tmp_path, [True, False], rule) == ["!category", "!category"]


def test_a_float_of_32_bits_is_the_decimal_that_is_written_for_it(tmp_path: Path) -> None:
    cells = [0.1, 12.5, 16777216.0, -0.3, 1e-7, None, 7.0]
    mails = [f"p{place}@example.com" for place in range(len(cells))]
    table = pa.table({"email": mails, "POINTS": pa.array(cells, pa.float32()), "LEVEL": pa.array(cells)})
    pq.write_table(table, tmp_path / "a.parquet")
    found = prepared(tmp_path / "a.parquet")
    assert values(found, "POINTS") == values(found, "LEVEL") == cells
