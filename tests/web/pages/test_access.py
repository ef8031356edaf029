"""Who may see which imports: Airflow's own authorisation, with users of different roles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from airflow.utils.session import create_session

from tests.web.door import Door
from tests.web.pages import users
from tests.web.pages.conftest import PAGES, Reader
from tests.web.pages.entries import asset_id, make_receipt, put, put_rows
from tests.web.pages.test_list import listed

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def two_dags(history: None) -> list[str]:
    """An import of each of two DAGs; the address of each one's page."""
    return put((users.CRM, make_receipt(1)), (users.SHOP, make_receipt(2)))


@pytest.mark.parametrize(
    ("user", "numbers"),
    [
        (users.ADMIN, ["1", "2"]),
        (users.WITHOUT_LOGS, ["1", "2"]),
        (users.OF_CRM, ["1"]),
        (users.STRANGER, []),
    ],
)
def test_only_the_imports_of_dags_that_one_may_read_are_listed(
    reader: Callable[[str], Reader], two_dags: list[str], user: str, numbers: list[str]
) -> None:
    page = reader(user).text()
    assert listed(page) == numbers
    for number, dag_id in (("1", users.CRM), ("2", users.SHOP)):
        assert (dag_id in page) == (number in numbers)


def test_the_pages_of_a_list_hold_what_one_may_see_and_no_gaps(reader: Callable[[str], Reader]) -> None:
    put(*((users.SHOP, make_receipt(number)) for number in range(40)))
    put(*((users.CRM, make_receipt(number)) for number in range(40, 60)))
    page = reader(users.OF_CRM).text()
    assert listed(page) == [str(number) for number in range(40, 60)]
    assert ">Older<" not in page


@pytest.mark.parametrize("path", ["/", "/?text=a"])
def test_nobody_sees_anything_without_a_login(api_server: Door, two_dags: list[str], path: str) -> None:
    for cookies in ({}, {"_token": ""}, {"_token": "forged"}):
        answer = api_server.request("GET", f"{PAGES}{path}", cookies=cookies)
        assert answer.status_code in (401, 403)
        assert users.CRM not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_token_in_the_header_is_as_good_as_a_cookie(
    api_server: Door, reader: Callable[[str], Reader], two_dags: list[str]
) -> None:
    header = {"Authorization": f"Bearer {users.log_in(api_server, users.OF_CRM)}"}
    assert listed(api_server.request("GET", f"{PAGES}/", headers=header).text) == ["1"]


def test_an_entry_belongs_to_the_dag_that_wrote_it_whatever_it_says(
    reader: Callable[[str], Reader], history: None
) -> None:
    put((users.SHOP, {**make_receipt(1), "dag_id": users.CRM, "run_id": "manual__crm"}))
    assert listed(reader(users.OF_CRM).text()) == []
    page = reader(users.ADMIN).text()
    assert listed(page) == ["1"]
    assert "manual__crm" not in page


def test_an_entry_that_no_task_wrote_is_nobodys(reader: Callable[[str], Reader], history: None) -> None:
    with create_session() as session:
        row = {"asset_id": asset_id(session), "key": f"receipt/2026-11-28T08:00:00.000Z/{1:016x}"}
        put_rows(session, [{**row, "value": '{"receipt": {}}', "last_updated_by_kind": "api"}])
    assert listed(reader(users.ADMIN).text()) == []


@pytest.mark.parametrize(
    "path", ["/nothing", "//", "/docs", "/openapi.json", "/static/", "/static/app.py", "/static/..%2fapp.py"]
)
def test_there_is_nothing_else(reader: Callable[[str], Reader], path: str) -> None:
    assert reader(users.ADMIN).get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_pages_only_read(api_server: Door, reader: Callable[[str], Reader], method: str) -> None:
    cookies = reader(users.ADMIN).cookies
    assert api_server.request(method, f"{PAGES}/", cookies=cookies).status_code in (404, 405)
