"""How many rows may be rejected before nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_contacts.contacts.errors import (
    TooManyRejects,
)
from email_contacts.contacts.sources.line_feed import BLOCK_BYTES
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import prepared


def test_more_rejects_than_allowed_is_a_report(write: WriteSource, tmp_path: Path) -> None:
    source = write("email\n" + "bad\n" * 3 + "a@example.com\n")
    with pytest.raises(TooManyRejects) as caught:
        prepared(source, max_rejects=2)
    assert str(caught.value).startswith(
        "3 of 4 rows read were rejected, more than max_rejects=2 allows; nothing is prepared. "
        "Reasons: email 3."
    )
    assert caught.value.rejects_uri == str(tmp_path / "stage" / "rejects.csv")
    assert len(Path(caught.value.rejects_uri).read_text().splitlines()) == 4
    assert not (tmp_path / "stage" / "manifest.json").exists()


def test_a_number_of_rejects_stops_before_the_end(write: WriteSource) -> None:
    source = write("email\n" + f"{'x' * 199}\n" * (3 * BLOCK_BYTES // 200))
    with pytest.raises(TooManyRejects) as caught:
        prepared(source, max_rejects=0)
    assert 0 < caught.value.read < 2 * BLOCK_BYTES // 200


@pytest.mark.parametrize(
    ("limit", "passes"), [("25%", True), ("24.9%", False), (1, True), ("1", True), (0, False)]
)
def test_rejects_up_to_the_limit_pass(write: WriteSource, limit: int | str, passes: bool) -> None:
    source = write("email\nbad\na@example.com\nb@example.com\nc@example.com\n")
    if passes:
        assert prepared(source, max_rejects=limit).manifest.rows.rejected == 1
    else:
        with pytest.raises(TooManyRejects):
            prepared(source, max_rejects=limit)
