"""A retry whose arguments are rendered anew, and differ in what makes no other import."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests

from email_contacts.api import ContactsClient
from email_contacts.sandbox import SandboxServer
from tests.operators.test_import_life import hand_on
from tests.task_context import StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context

ROWS = b"EMAIL\na@example.com\n"


class Files(BaseHTTPRequestHandler):
    """Answers with the same rows, whatever is asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(ROWS)))
        self.end_headers()
        self.wfile.write(ROWS)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def file() -> Iterator[str]:
    """The address of a file that the platform can fetch."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/contacts.csv"
        server.shutdown()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"notify_url": "https://example.com/?try=1"}, {"notify_url": "https://example.com/?try=2"}),
        ({"notify_url": "https://example.com/"}, {}),
        ({"disable_notification": False}, {"disable_notification": True}),
    ],
    ids=["another address", "no address", "no mail"],
)
def test_it_reconnects_to_the_import_that_runs(
    first: dict[str, Any], second: dict[str, Any], context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued", callback_mode="never")
    process_id = hand_on(context, **first)  # and here the worker dies
    assert hand_on(make_context(store), **second) == process_id
    assert sandbox.imports_accepted() == 1


def test_a_retry_imports_into_the_list_of_the_first_try_although_it_was_renamed(
    context: Context, sandbox: SandboxServer, store: StateStore, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="queued")
    new_list = {"list_name": "Newsletter", "folder_id": 1}
    process_id = hand_on(context, list_ids=(), new_list=new_list)  # and here the worker dies
    made = max(platform.iter_lists(), key=lambda one: one.id)
    assert made.name == "Newsletter"
    renamed = requests.put(
        f"{sandbox.url}/v3/contacts/lists/{made.id}",
        json={"name": "Newsletter 2026"},
        headers={"api-key": sandbox.api_key},
        timeout=30,
    )
    assert renamed.status_code == 204
    assert hand_on(make_context(store), list_ids=(), new_list=new_list) == process_id
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize(
    "second",
    [
        {"update_existing_contacts": False},
        {"sms_blacklist": True},
        {"json_body": [{"email": "b@example.com"}]},
    ],
    ids=["updates", "blocklist", "rows"],
)
def test_what_differs_in_what_it_does_is_another_import(
    second: dict[str, Any], context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    first = hand_on(context)
    sandbox.set_knobs(hold="none")
    assert hand_on(make_context(store), deferrable=False, **second) != first
    assert sandbox.imports_accepted() == 2


def test_a_file_that_was_signed_again_is_the_same_import(
    file: str, context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    first, second = (f"{file}?id=1&X-Amz-Date={one}&X-Amz-Signature={'ab'[one] * 12}" for one in range(2))
    process_id = hand_on(context, json_body=None, file_url=first)
    assert hand_on(make_context(store), json_body=None, file_url=second) == process_id
    assert sandbox.imports_accepted() == 1


def test_a_file_of_another_name_is_another_import(
    file: str, context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    hand_on(context, json_body=None, file_url=f"{file}?id=1", deferrable=False)
    hand_on(make_context(store), json_body=None, file_url=f"{file}?id=2", deferrable=False)
    assert sandbox.imports_accepted() == 2
