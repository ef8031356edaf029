"""A real object store on loopback: S3 as moto serves it, a bucket in it, and Airflow's connection to it.

moto, which is there for development only, asks whether a request is signed, but not whether its signature is
still good. The doorman before it does: an address whose time has passed is refused as S3 refuses it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

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


@dataclass
class ObjectStore:
    """The store, its bucket and its doorman.

    :param url: where it listens.
    """

    url: str
    doorman: Doorman

    @property
    def uri(self) -> str:
        """The bucket, as a connection's ``staging_uri`` names it."""
        return f"s3://{CONN_ID}@{BUCKET}"

    @property
    def environment(self) -> dict[str, str]:
        """The variable that gives Airflow the connection which opens the bucket."""
        extra = {"endpoint_url": self.url, "region_name": REGION}
        document = {"conn_type": "aws", "login": KEY_ID, "password": KEY, "extra": extra}
        return {f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(document)}

    def path(self, *names: str) -> ObjectStoragePath:
        """A path in the bucket, with the connection that opens it."""
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath("/".join((self.uri, *names)))


@contextmanager
def serving() -> Iterator[ObjectStore]:
    """Serve a store with an empty bucket, on a free port, for as long as the block runs."""
    import boto3  # type: ignore[import-untyped]
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Say nothing: a log of requests has signatures in it."""

    doorman = Doorman(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, doorman, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    store = ObjectStore(f"http://127.0.0.1:{server.server_port}", doorman)
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY}
    try:
        boto3.client("s3", endpoint_url=store.url, region_name=REGION, **keys).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield store
    finally:
        server.shutdown()
        server.server_close()


def _good_until(query: dict[str, list[str]]) -> datetime:
    signed_at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    return signed_at + timedelta(seconds=int(query["X-Amz-Expires"][0]))
