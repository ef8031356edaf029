"""Sources in a bucket, on a server that speaks S3."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
import zstandard
from airflow.sdk import ObjectStoragePath
from moto.server import ThreadedMotoServer
from upath import UPath

from email_contacts.contacts.errors import SourceMissing, SourceUnreadable
from email_contacts.contacts.paths import AnyPath
from tests.contacts.sources.reading import opened, rows_of

ROWS = 50_000


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The URL of an object store with one bucket, crm, that has some exports."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.put(f"{url}/crm", timeout=30).raise_for_status()
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": range(ROWS), "y": [str(row) for row in range(ROWS)]}), parquet)
    bodies = {
        "2026-01/part-0.csv.gz": gzip.compress(b"x,y\n1,2\n"),
        "2026-02/part-0.csv.zst": zstandard.ZstdCompressor().compress(b"y,x\n4,3\n"),
        "2026-02/_SUCCESS": b"",
        "2026.parquet": bytes(parquet.getvalue()),
        "broken.csv.gz": gzip.compress(b"x,y\n1,2\n" * 1000)[:-8],
    }
    for key, body in bodies.items():
        requests.put(f"{url}/crm/exports/{key}", data=body, timeout=30).raise_for_status()
    yield url
    server.stop()


@pytest.fixture(params=["upath", "object_storage"])
def folder(request: pytest.FixtureRequest, store: str, monkeypatch: pytest.MonkeyPatch) -> AnyPath:
    if request.param == "upath":
        return UPath("s3://crm/exports", key="key", secret="secret", endpoint_url=store)
    extra = {"endpoint_url": store, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_OF_BUCKET", json.dumps(connection))
    return ObjectStoragePath("s3://of_bucket@crm/exports")


def test_a_prefix(folder: AnyPath) -> None:
    rows = opened(folder / "2026-*")
    assert rows_of(rows) == [["1", "2"], ["3", "4"]]
    assert rows.place(2) == "2026-02/part-0.csv.zst:1"


def test_a_folder_and_a_file(folder: AnyPath) -> None:
    assert rows_of(opened(folder / "2026-02")) == [["4", "3"]]
    assert rows_of(opened(folder / "2026-01" / "part-0.csv.gz")) == [["1", "2"]]


def test_parquet(folder: AnyPath) -> None:
    found = rows_of(opened(folder / "2026.parquet"))
    assert found == [[row, str(row)] for row in range(ROWS)]


def test_what_is_broken_or_not_there(folder: AnyPath) -> None:
    with pytest.raises(SourceUnreadable, match=r"broken\.csv\.gz is truncated"):
        rows_of(opened(folder / "broken.csv.gz"))
    with pytest.raises(SourceMissing, match="Put a \\* at its end"):
        opened(folder / "2026-")
    with pytest.raises(SourceMissing, match="fits no file"):
        opened(folder / "2025-*")


@pytest.fixture
def files(store: str) -> Any:
    """Another process's client, which writes and deletes."""
    return pytest.importorskip("boto3").client(
        "s3", endpoint_url=store, region_name="eu", aws_access_key_id="key", aws_secret_access_key="secret"
    )


def put(files: Any, key: str, body: bytes) -> None:
    files.put_object(Bucket="crm", Key=f"exports/{key}", Body=body)


def delete(files: Any, key: str) -> None:
    files.delete_object(Bucket="crm", Key=f"exports/{key}")


def test_a_file_that_came_or_went_since_an_earlier_preparation(files: Any, folder: AnyPath) -> None:
    delete(files, "daily/2.csv")
    put(files, "daily/1.csv", b"x,y\n1,2\n")
    assert rows_of(opened(folder / "daily")) == [["1", "2"]]
    put(files, "daily/2.csv", b"x,y\n3,4\n")
    assert rows_of(opened(folder / "daily")) == [["1", "2"], ["3", "4"]]
    delete(files, "daily/1.csv")
    assert rows_of(opened(folder / "daily")) == [["3", "4"]]
    assert rows_of(opened(folder / "daily" / "*.csv")) == [["3", "4"]]


def test_a_file_that_goes_while_the_others_are_read_is_named(files: Any, folder: AnyPath) -> None:
    for number in (1, 2):
        put(files, f"going/{number}.csv", b"x,y\n1,2\n")
    rows = opened(folder / "going")
    delete(files, "going/2.csv")
    with pytest.raises(FileNotFoundError, match=r"2\.csv is gone since the files"):
        rows_of(rows)


def test_what_hadoop_writes_for_folders_is_no_data(files: Any, folder: AnyPath) -> None:
    for key in ("tables/day=1_$folder$", "tables/day=1/part-00000_$folder$"):
        put(files, key, b"")
    put(files, "tables/day=1/part-00000", b"x,y\n1,2\n")
    assert rows_of(opened(folder / "tables")) == [["1", "2"]]
