"""What is kept from one export to the next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from email_contacts.exports.watermark import Pending, Progress, Series, Watermark
from tests.task_context import StateStore

SERIES = Series("conn", "https://api.example.com", None, "ndjson", "s3://bucket/exports")


@pytest.mark.parametrize(
    "progress",
    [
        Progress(),
        Progress(datetime(2026, 11, 28, 2, 30, tzinfo=timezone.utc), "s3://bucket/exports/_manifests/a.json"),
        Progress(pending=Pending("20261128T023000Z-1f0c9a3e", ("dag", "run", "export", -1))),
    ],
)
def test_what_is_written_is_read_again(progress: Progress) -> None:
    store = StateStore()
    Watermark(store, SERIES).write(progress)
    store = StateStore(json.loads(json.dumps(store)))  # as it comes out of a database
    assert Watermark(store, SERIES).read() == progress


@pytest.mark.parametrize(
    "other",
    [
        replace(SERIES, conn_id="other"),
        replace(SERIES, base_url="https://api.example.org"),
        replace(SERIES, list_id=2),
        replace(SERIES, file_format="parquet"),
        replace(SERIES, path="s3://bucket/other"),
    ],
)
def test_every_series_has_its_own(other: Series) -> None:
    store = StateStore()
    Watermark(store, SERIES).write(Progress(datetime(2026, 1, 1, tzinfo=timezone.utc)))
    assert Watermark(store, other).read() == Progress()


def test_the_entry_of_the_first_version_is_read() -> None:
    entry = {
        "version": 1,
        "series": {"conn_id": "conn", "list_id": None},
        "watermark": "2026-11-28T02:30:00Z",
        "manifest_uri": "s3://bucket/exports/_manifests/20261128T023000Z-1f0c9a3e.json",
        "pending": {"export_id": "20261129T023000Z-00000000", "task": ["dag", "run", "export", -1]},
    }
    store = StateStore({"watermark/2a62fa0a17ea1d9c": entry, SERIES.key: entry})
    found = Watermark(store, SERIES).read()
    assert found.watermark == datetime(2026, 11, 28, 2, 30, tzinfo=timezone.utc)
    assert found.pending == Pending("20261129T023000Z-00000000", ("dag", "run", "export", -1))
