"""From rejected rows to rows in the list, without leaving the browser."""

from __future__ import annotations

import re

import pytest

from local.processes import wait_until
from tests.browser.conftest import Person
from tests.browser.test_imports_page import LIST, address, faults_of_access
from tests.e2e.conftest import Run

CORRECTED = "include/sample_contacts/corrected.csv"


@pytest.mark.parametrize("scheme", ["light"])
def test_rejected_rows_are_retried_from_the_page_of_their_import(person: Person, imported: Run) -> None:
    page, frame = person.page, person.open(address(imported))
    frame.get_by_role("link", name="Retry rejected rows").click()
    frame.get_by_role("heading", name="Retry rejected rows").wait_for()
    assert faults_of_access(person) == []

    frame.get_by_role("button", name="Start the retry").focus()
    frame.get_by_label("Corrected file", exact=True).fill(CORRECTED)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        person.keep(f"retry-{scheme}")
    frame.get_by_role("button", name="Start the retry").click()
    frame.get_by_role("heading", name="The retry has started").wait_for()
    frame.get_by_role("link", name="Open the run").click()
    page.wait_for_url(re.compile(r"/dags/retry_rejects/runs/"))
    (run,) = person.stack.rest.get("dags/retry_rejects/dagRuns")["dag_runs"]
    rest = person.stack.rest
    wait_until(
        lambda: rest.run("retry_rejects", run["dag_run_id"])["state"] in ("success", "failed"),
        services=person.stack.services,
        seconds=900,
        what="waited for the retry",
    )
    tasks = {task["task_id"]: task["state"] for task in rest.tasks("retry_rejects", run["dag_run_id"])}
    assert tasks["receipt"] == "success", tasks

    frame = person.open(LIST)
    row = frame.get_by_role("row").filter(has_text="corrected.csv")
    row.first.get_by_role("rowheader").get_by_role("link").click()
    frame.get_by_role("heading", name="3 rows read").wait_for()
    told = frame.locator("main").inner_text()
    for part in ("3 of 3 contacts found", "Retries the rejected rows of", "Sample contacts"):
        assert part in told, part
    assert "time not known" not in told
    person.keep("retried-light")
    assert faults_of_access(person) == []

    frame.get_by_role("paragraph").filter(has_text="Retries the rejected rows of").get_by_role("link").click()
    frame.get_by_role("heading", name="1,000 rows read").wait_for()
    frame.get_by_text("Its rejected rows were retried:").wait_for()
    person.keep("retried-old-light")
    assert person.faults == []
