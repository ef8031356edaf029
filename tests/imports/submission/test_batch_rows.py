"""The rows of bodies."""

from __future__ import annotations

import csv
import io

from email_contacts.imports.submission.batch_rows import csv_rows


def test_a_cell_may_have_any_length_and_the_limit_of_others_stays() -> None:
    limit = csv.field_size_limit()
    long = "x" * (limit + 1)
    rows = csv_rows(io.StringIO(f"EMAIL;NOTE\na@example.com;{long}\nb@example.com\n", newline=""))
    first = next(rows)
    assert csv.field_size_limit() == limit
    assert [first, *rows] == [{"EMAIL": "a@example.com", "NOTE": long}, {"EMAIL": "b@example.com"}]
    assert csv.field_size_limit() == limit
