"""How connections are used: reused for reads, fresh for POSTs; no cookies, no netrc, no redirects."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from email_contacts.api import ContactsClient, InvalidRequest, OutcomeUnknown, UnexpectedAnswer
from tests.api.conftest import API_KEY
from tests.api.scripted_server import ScriptedServer, answers, answers_bytes

PAGE = {"contacts": [], "count": 0}


def test_reads_share_a_connection(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(*[answers(200, PAGE)] * 5)
    for _ in range(5):
        client.contacts()
    assert {seen.connection for seen in server.seen} == {1}


def test_a_post_never_goes_over_a_used_connection(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers(200, PAGE), answers(200, {"id": 1}), answers(200, {"id": 2}), answers(200, PAGE))
    client.contacts()
    client.create_folder("a")
    client.create_folder("b")
    client.contacts()
    assert [seen.connection for seen in server.seen] == [1, 2, 3, 1]
    assert [seen.headers.get("connection") for seen in server.seen] == [
        "keep-alive",
        "close",
        "close",
        "keep-alive",
    ]


def test_threads_share_a_client(server: ScriptedServer) -> None:
    server.plays(*[answers(200, {"id": 1})] * 40)
    found: list[int] = []
    with ContactsClient(server.url, API_KEY, requests_per_second=1e6) as client:
        threads = [
            threading.Thread(target=lambda: found.extend(client.create_folder("f") for _ in range(5)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.requests.made == 40
    assert found == [1] * 40


def test_cookies_are_not_kept(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers(200, PAGE, headers={"set-cookie": "session=1; Path=/"}), answers(200, PAGE))
    client.contacts()
    client.contacts()
    assert "cookie" not in server.seen[1].headers


def test_netrc_adds_nothing(
    client: ContactsClient, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login jane password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.plays(answers(200, PAGE), answers_bytes(200, b"EMAIL\n"))
    client.contacts()
    client.count_report_rows(f"{server.url}/report.csv")
    assert ["authorization" in seen.headers for seen in server.seen] == [False, False]
    assert [seen.headers.get("api-key") for seen in server.seen] == [API_KEY, None]


def test_a_proxy_of_the_environment_is_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.plays(answers(200, PAGE))
    with ContactsClient("http://platform.example.com", API_KEY, allow_http=True) as client:
        client.contacts(limit=1)
    assert server.only.path == "http://platform.example.com/v3/contacts?limit=1&offset=0&sort=desc"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, client: ContactsClient, server: ScriptedServer) -> None:
    with ScriptedServer([answers(200, PAGE)]) as elsewhere:
        move = answers(status, headers={"location": f"{elsewhere.url}/v3/contacts?token=secret"})
        server.plays(move, move)
        with pytest.raises(
            UnexpectedAnswer, match=r"a redirect to http://127\.0\.0\.1.*set the base URL"
        ) as caught:
            client.contacts()
        with pytest.raises(UnexpectedAnswer, match="redirect"):
            client.create_folder("f")
        assert elsewhere.seen == []
    assert "secret" not in str(caught.value)


def test_a_given_session_is_used_and_left_open(server: ScriptedServer) -> None:
    server.plays(answers(200, PAGE), answers(200, PAGE))
    with requests.Session() as session:
        session.headers["x-team"] = "crm"
        with ContactsClient(server.url, API_KEY, session=session) as client:
            client.contacts()
        assert server.only.headers["x-team"] == "crm"
        assert API_KEY not in session.headers.values()
        with ContactsClient(server.url, API_KEY, session=session) as client:
            client.contacts()
            assert server.seen[1].headers["x-team"] == "crm"


def test_a_session_that_repeats_by_itself_is_refused(server: ScriptedServer) -> None:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=3))
        with pytest.raises(InvalidRequest, match=r"HTTPAdapter, max_retries=3.*max_retries=0"):
            ContactsClient(server.url, API_KEY, session=session)


def test_a_session_with_connections_of_its_own_is_refused(server: ScriptedServer) -> None:
    class Odd(HTTPAdapter):
        """Nobody knows what it would do."""

    with requests.Session() as session:
        session.mount("http://", Odd())
        with pytest.raises(InvalidRequest, match=r"its own adapter .Odd, max_retries=0"):
            ContactsClient(server.url, API_KEY, session=session)


def test_the_library_below_repeats_nothing(client: ContactsClient, server: ScriptedServer) -> None:
    server.plays(answers(503, headers={"retry-after": "0"}), answers(200, {"id": 1}))
    with pytest.raises(OutcomeUnknown):
        client.create_folder("f")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "key\n", "key\r\nx-evil: 1", "\tkey", "kéy", "key\x00", None, 7]
)
def test_a_key_that_cannot_stand_in_a_header_is_refused_unshown(key: str) -> None:
    with pytest.raises(InvalidRequest, match="API key") as caught:
        ContactsClient("https://api.example.com", key)
    assert "evil" not in str(caught.value)
