"""A real object store on loopback: S3 as moto serves it, a bucket in it, and Airflow's connection to it.

moto asks whether a request is signed, but not whether its signature is still good. The doorman before it
does: an address whose time has passed is refused as S3 refuses it. The fixture ``object_store`` is there for
every test; nothing is started before one asks for it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

BUCKET = "stages"
CONN_ID = "object_store"
REGION = "eu-central-1"
KEY_ID, KEY = "AKIAOBJECTSTORE00001", "the-key-of-the-object-store"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Doorman:
    """Refuses addresses whose time has passed, and remembers the signed ones that were asked for.

    :param ahead: how far this store's clock is ahead of the signer's.
    """

    inside: Wsgi
    ahead: timedelta = timedelta(0)
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Let a request in, or not."""
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "X-Amz-Signature" in query:
            self.asked.append(environ["QUERY_STRING"])
            if datetime.now(timezone.utc) + self.ahead > _good_until(query):
                self.refused.append(environ["QUERY_STRING"])
                start_response("403 Forbidden", [("content-type", "application/xml")])
                return [b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"]
        return self.inside(environ, start_response)


def _good_until(query: dict[str, list[str]]) -> datetime:
    signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    return signed_at + timedelta(seconds=int(query["X-Amz-Expires"][0]))


@dataclass
class ObjectStore:
    """The store, its bucket and its doorman."""

    url: str
    doorman: Doorman

    def path(self, *names: str) -> ObjectStoragePath:
        """A path in the bucket, with the connection that opens it."""
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath("/".join((self.uri, *names)))

    @property
    def uri(self) -> str:
        """The bucket, as a connection's ``staging_uri`` names it."""
        return f"s3://{CONN_ID}@{BUCKET}"


@pytest.fixture(scope="session")
def object_store_server() -> Iterator[ObjectStore]:
    """One store for all tests of the session; its connection is in the environment for as long."""
    import boto3  # type: ignore[import-untyped]
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing: a log of requests has signatures in it."""

    doorman = Doorman(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, doorman, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY}
    boto3.client("s3", endpoint_url=url, region_name=REGION, **keys).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    name = f"AIRFLOW_CONN_{CONN_ID.upper()}"
    extra = {"endpoint_url": url, "region_name": REGION}
    os.environ[name] = json.dumps({"conn_type": "aws", "login": KEY_ID, "password": KEY, "extra": extra})
    yield ObjectStore(url, doorman)
    del os.environ[name]
    server.shutdown()
    server.server_close()


@pytest.fixture
def object_store(object_store_server: ObjectStore) -> ObjectStore:
    """The store with an empty bucket, and a doorman with a good clock who remembers nothing."""
    doorman = object_store_server.doorman
    doorman.ahead = timedelta(0)
    doorman.asked.clear()
    doorman.refused.clear()
    root = object_store_server.path()
    root.fs.invalidate_cache()
    for name in root.fs.find(BUCKET):
        root.fs.rm_file(name)
    return object_store_server
