"""The pages on a real API server of Airflow, and users who have logged in there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
import requests

from tests.web.door import Door, serving
from tests.web.pages import entries, users

PAGES = "/email-contacts/imports"


@dataclass
class Reader:
    """A user before the pages, logged in as by the browser: with a cookie."""

    door: Door
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str = "/", **options: Any) -> requests.Response:
        """Get a page."""
        return self.door.request("GET", f"{PAGES}{path}", cookies=self.cookies, **options)

    def text(self, path: str = "/") -> str:
        """What a page says, with its markup."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)


@pytest.fixture(scope="module")
def api_server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Airflow's API server with everything that it mounts, and users of different roles."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    with pytest.MonkeyPatch.context() as patch:
        for name, value in users.settings(tmp_path_factory.mktemp("users")).items():
            patch.setenv(name, value)
        purge_cached_app()
        with serving(create_app()) as url:
            yield Door(url)
        purge_cached_app()


@pytest.fixture
def history(database: str) -> Iterator[None]:
    """An empty history."""
    entries.forget_all()
    yield
    entries.forget_all()


@pytest.fixture
def reader(api_server: Door, history: None) -> Callable[[str], Reader]:
    """Log a user in."""

    def logged_in(user: str) -> Reader:
        return Reader(api_server, {"_token": users.log_in(api_server, user)})

    return logged_in


@pytest.fixture
def admin_reader(reader: Callable[[str], Reader]) -> Reader:
    """A user who may read everything."""
    return reader(users.ADMIN)
