"""Behind a base path (``[api] base_url`` with a path) every link, form and file of the pages is below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
import requests
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import delete

from tests.web.door import Door, serving
from tests.web.pages import users
from tests.web.pages.entries import make_receipt, put
from tests.web.pages.running import Import, begun
from tests.web.pages.test_retry import FILLED_IN, REJECTED, retry_dag

__all__ = ["begun", "retry_dag"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BASE = "/team/airflow"
PAGES = f"{BASE}/email-contacts/imports"


@pytest.fixture(scope="module")
def below(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Airflow's API server behind a base path."""
    from airflow.api_fastapi import app

    with pytest.MonkeyPatch.context() as patch:
        for name, value in users.settings(tmp_path_factory.mktemp("users")).items():
            patch.setenv(name, value)
        # Airflow reads its base path when it is first imported.
        patch.setattr(app, "API_ROOT_PATH", f"{BASE}/")
        patch.setattr(app, "AUTH_MANAGER_FASTAPI_APP_PREFIX", f"{BASE}/auth")
        app.purge_cached_app()
        with serving(app.create_app()) as url:
            yield Door(url)
        app.purge_cached_app()


@pytest.fixture
def ask(below: Door, history: None) -> Callable[..., requests.Response]:
    """Ask as an administrator; what is not found there is a failure."""
    answer = below.request(
        "POST", f"{BASE}/auth/token", json={"username": users.ADMIN, "password": users.PASSWORD}
    )
    answer.raise_for_status()
    cookies = {"_token": answer.json()["access_token"]}

    def asked(path: str, method: str = "GET", **options: str) -> requests.Response:
        found = below.request(method, path, cookies=cookies, data=options or None)
        assert found.status_code in (200, 303), f"{method} {path}: {found.status_code}"
        return found

    return asked


def targets(text: str) -> set[str]:
    """Wherever a page leads: links, forms, style and scripts."""
    return {unescape(one) for one in re.findall(r'(?:href|src|action)="([^"]*)"', text)}


def test_every_link_form_and_file_is_below_the_base_path(
    ask: Callable[..., requests.Response], begun: Callable[..., Import], retry_dag: None
) -> None:
    (old,) = put((users.CRM, make_receipt(3, **REJECTED)))
    put((users.CRM, make_receipt(2, retry_of=old)), (users.CRM, make_receipt(1)))
    begun().is_prepared()
    sent = ask(f"{PAGES}/{old}/retry", "POST", **{**FILLED_IN, "corrected_file": "/data/a.csv"})
    seen: set[str] = set()
    waiting = {f"{PAGES}/", f"{PAGES}/?list=4", sent.headers["location"]}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        text = ask(path).text
        for target in targets(text) if path.startswith(PAGES) and "/static/" not in path else ():
            assert target.startswith(f"{BASE}/"), f"{path} leads to {target}"
            waiting |= {target} - seen
    parts = "/static/page.css", "/static/live.js", "/progress?", "/retry", "/?list=4", f"/{old}", "?started="
    for part in parts:
        assert any(part in path for path in seen), part
    assert any(path.startswith(f"{BASE}/dags/{users.CRM}") for path in seen)
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == "retry_rejects"))


def test_a_refusal_is_below_it_too(below: Door) -> None:
    answer = below.request("GET", f"{PAGES}/")
    assert answer.status_code == 401
    assert targets(answer.text)
    assert all(target.startswith(f"{BASE}/") for target in targets(answer.text))
