"""Calls that are not what they say: 404 for all of them, and nothing happens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest

from email_contacts.imports.callbacks import CallbackAddress
from tests.web.conftest import set_connection
from tests.web.door import SECRET, Door
from tests.web.runs import Run

OTHER_SECRET = "the-secret-of-some-other-connection-here"


@pytest.fixture
def waiting(run: Run) -> CallbackAddress:
    """The address of a task that waits, and has not been called."""
    run.add("send", "deferred")
    run.add("another", "deferred")
    address = run.address()
    run.open_mailbox("send", address.nonce)
    return address


@pytest.fixture
def unmoved(run: Run, waiting: CallbackAddress) -> Callable[[], bool]:
    """Tells whether nothing has happened to the task that waits, nor to the other one."""

    def look() -> bool:
        return (
            run.remembered(waiting) is None
            and run.mailbox("send")["called_at"] is None
            and run.mailbox("another") is None
            and run.state("send") == run.state("another") == "deferred"
        )

    return look


def moved(token: str, **changes: object) -> str:
    """The token with other contents below the same signature."""
    payload, _, signature = token.partition(".")
    fields = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    names = list(CallbackAddress.__dataclass_fields__)
    changed = [changes.get(name, value) for name, value in zip(names, fields, strict=True)]
    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    return f"{urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}.{signature}"


def test_a_forged_call_is_refused(door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool]) -> None:
    assert door.call(waiting, OTHER_SECRET) == 404
    assert unmoved()


def test_a_truncated_or_lengthened_call_is_refused(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool]
) -> None:
    token = waiting.token(SECRET)
    for wrong in (token[:-1], token[1:], token[: len(token) // 2], token.partition(".")[0], token + "A", "x"):
        assert door.knock(wrong) == 404
    assert door.knock("A" * 5000) == 404
    assert unmoved()


@pytest.mark.parametrize(
    "changes",
    [
        {"task_id": "another"},
        {"waiter": "another"},
        {"map_index": 0},
        {"dag_id": "another"},
        {"nonce": "00" * 16},
        {"conn_id": "other"},
        {"conn_id": "../crm"},
    ],
)
def test_a_call_replayed_for_something_else_is_refused(
    door: Door,
    waiting: CallbackAddress,
    unmoved: Callable[[], bool],
    changes: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Even where the other connection was given the same secret.
    set_connection(monkeypatch, "other", callback_url="https://airflow.example.com", callback_secret=SECRET)
    assert door.knock(moved(waiting.token(SECRET), **changes)) == 404
    assert unmoved()


def test_a_call_signed_by_another_connection_is_refused(
    door: Door,
    waiting: CallbackAddress,
    unmoved: Callable[[], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "https://airflow.example.com"
    set_connection(monkeypatch, "other", callback_url=url, callback_secret=OTHER_SECRET)
    assert door.knock(moved(replace(waiting, conn_id="other").token(OTHER_SECRET), conn_id="crm")) == 404
    assert unmoved()


def test_the_holder_of_another_secret_cannot_take_the_place_of_a_call(
    door: Door, run: Run, waiting: CallbackAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may sign for one connection does not know the nonce of a task that uses another."""
    url = "https://airflow.example.com"
    set_connection(monkeypatch, "other", callback_url=url, callback_secret=OTHER_SECRET)
    assert door.call(run.address(conn_id="other"), OTHER_SECRET) == 204
    assert run.mailbox("send") == {"nonce": waiting.nonce, "called_at": None}
    assert run.remembered(waiting) is None
    assert run.state("send") == "deferred"


@pytest.mark.parametrize(
    "document",
    [
        {"conn_type": "http", "host": "https://api.example.com", "password": "k"},
        {"conn_type": "email_contacts", "host": "https://api.example.com"},
    ],
    ids=["another type", "one that cannot work"],
)
def test_a_connection_of_another_kind_signs_nothing(
    door: Door,
    waiting: CallbackAddress,
    unmoved: Callable[[], bool],
    document: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extra = {"callback_url": "https://airflow.example.com", "callback_secret": SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({**document, "extra": extra}))
    assert door.call(waiting) == 404
    assert unmoved()


def test_a_connection_that_asks_for_no_callbacks_hears_none(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, callback_secret=SECRET)
    assert door.call(waiting) == 404
    monkeypatch.delenv("AIRFLOW_CONN_CRM")
    assert door.call(waiting) == 404
    assert unmoved()


def test_an_empty_secret_signs_nothing(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where somebody has left it out and everybody knows what an empty one would sign."""
    set_connection(monkeypatch, callback_url="https://airflow.example.com", callback_secret="")
    assert door.call(waiting) == 404
    assert unmoved()


def test_a_task_that_is_not_there_is_refused(door: Door, run: Run, waiting: CallbackAddress) -> None:
    for changes in ({"task_id": "nobody"}, {"map_index": 3}, {"run_id": "manual__never"}, {"dag_id": "none"}):
        address = replace(waiting, **changes)
        assert door.call(address) == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_only_post_is_answered(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool], method: str
) -> None:
    answer = door.request(method, f"/notify/{waiting.token(SECRET)}")
    assert answer.status_code == 404
    assert "allow" not in answer.headers
    assert unmoved()


@pytest.mark.parametrize(
    "path",
    ["/", "/notify", "/notify/", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/health"],
)
def test_there_is_no_other_route(door: Door, path: str) -> None:
    for method in ("GET", "POST"):
        answer = door.request(method, path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_a_token_is_the_whole_rest_of_the_path(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool]
) -> None:
    token = waiting.token(SECRET)
    for path in (f"/notify/{token}/", f"/notify/{token}/more", f"/notify/more/{token}", f"/{token}"):
        assert door.request("POST", path).status_code == 404
    assert unmoved()


def test_a_body_that_is_announced_as_huge_is_refused_unread(
    door: Door, waiting: CallbackAddress, unmoved: Callable[[], bool]
) -> None:
    path = f"/notify/{waiting.token(SECRET)}"
    assert door.request("POST", path, data=b"x" * (64 * 1024 + 1)).status_code == 404
    assert unmoved()


def test_all_refusals_look_the_same(door: Door, waiting: CallbackAddress) -> None:
    token = waiting.token(OTHER_SECRET)
    answers = [
        door.request("POST", f"/notify/{token}"),
        door.request("POST", "/notify/junk"),
        door.request("POST", f"/notify/{replace(waiting, task_id='nobody').token(SECRET)}"),
        door.request("GET", f"/notify/{waiting.token(SECRET)}"),
        door.request("GET", "/docs"),
    ]
    seen = {
        (a.status_code, a.text, tuple(sorted((k, v) for k, v in a.headers.items() if k != "date")))
        for a in answers
    }
    assert len(seen) == 1
