"""Keys, addresses, rate limits and body sizes (api-contract §5)."""

from __future__ import annotations

import socket

import pytest
import requests

from email_contacts.sandbox import Knobs
from email_contacts.sandbox.limits import RateLimits
from tests.sandbox.rehearsal import Rehearsal, eventually


def test_a_request_needs_the_key(sandbox: Rehearsal) -> None:
    url = sandbox.server.url + "/v3/contacts"
    without = requests.get(url, timeout=60)
    assert without.status_code == 401
    assert without.json() == {"code": "unauthorized", "message": "authentication not found in headers"}
    wrong = requests.get(url, headers={"api-key": "wrong"}, timeout=60)
    assert (wrong.status_code, wrong.json()) == (401, {"code": "unauthorized", "message": "Key not found"})
    assert requests.get(url, headers={"api-key": sandbox.server.api_key}, timeout=60).ok


def test_a_right_key_from_an_unknown_address_is_a_401(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(allowed_ips=["203.0.113.9"])
    answer = sandbox.call("GET", "/contacts")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "127.0.0.1" in answer.json()["message"]
    sandbox.server.set_knobs(allowed_ips=["203.0.113.9", "127.0.0.1"])
    assert sandbox.call("GET", "/contacts").ok


def test_without_limits_there_are_no_headers(sandbox: Rehearsal) -> None:
    assert not [name for name in sandbox.call("GET", "/contacts").headers if "ratelimit" in name.lower()]


@pytest.mark.parametrize("retry_after", [False, True])
def test_other_routes_are_counted_by_the_hour(sandbox: Rehearsal, retry_after: bool) -> None:
    sandbox.server.set_knobs(others_per_hour=2, retry_after=retry_after)
    first, second, third = (sandbox.call("GET", "/processes") for _ in range(3))
    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
    assert [each.headers["x-sib-ratelimit-remaining"] for each in (first, second, third)] == ["1", "0", "0"]
    assert {each.headers["x-sib-ratelimit-limit"] for each in (first, second, third)} == {"2"}
    assert 3500 < int(third.headers["x-sib-ratelimit-reset"]) <= 3600
    assert third.json()["code"] == "too_many_requests"
    assert ("retry-after" in third.headers) is retry_after
    assert "retry-after" not in first.headers
    assert sandbox.call("GET", "/contacts").ok, "contacts have a bucket of their own"


def test_contacts_are_counted_by_the_second(sandbox: Rehearsal) -> None:
    sandbox.server.set_knobs(contacts_per_second=1)
    eventually(lambda: sandbox.call("GET", "/contacts").status_code == 429, what="a refusal")
    eventually(lambda: sandbox.call("GET", "/contacts/lists").ok, what="the next second")


def test_windows_begin_anew() -> None:
    moment = [0.0]
    limits = RateLimits(clock=lambda: moment[0])
    knobs = Knobs(contacts_per_second=2)

    def granted() -> bool:
        allowance = limits.ask("/v3/contacts/import", knobs)
        assert allowance is not None
        return allowance.granted

    assert [granted(), granted(), granted()] == [True, True, False]
    moment[0] = 0.99
    assert not granted()
    moment[0] = 1.0
    assert granted()
    assert limits.ask("/v3/processes", knobs) is None


def test_half_a_request_is_none(sandbox: Rehearsal) -> None:
    port = int(sandbox.server.url.rpartition(":")[2])
    head = (
        "POST /v3/contacts/folders HTTP/1.1\r\nhost: sandbox\r\ncontent-type: application/json\r\n"
        f"api-key: {sandbox.server.api_key}\r\ncontent-length: 50\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(head.encode() + b'{"name": "Half"}')
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"", "the server hangs up as well"
    assert sandbox.get("/contacts/folders")["count"] == 1


@pytest.mark.parametrize("status", [413, 400])
def test_a_body_over_the_limit_is_refused(sandbox: Rehearsal, status: int) -> None:
    sandbox.server.set_knobs(body_limit_status=status)
    row = '{"email":"a@example.com"},'
    for size, expected in [(10_000_000, 200), (10_000_001, status)]:
        head, tail = '{"listIds":[2],"jsonBody":[', '{"email":"b@example.com"}]}'
        body = head + row + " " * (size - len(head + row + tail)) + tail
        assert len(body) == size
        answer = sandbox.call(
            "POST", "/contacts/import", data=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == expected, answer.text
    assert sandbox.server.imports_accepted() == 1
