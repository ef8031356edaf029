"""A person's whole way by click: connection, form, dry run, import and its progress, rejects, and a retry."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from local.home import PROJECT
from local.processes import wait_until
from local.stack import sandbox_connection
from tests.browser.conftest import LIST, Person, faults_of_access
from tests.e2e.conftest import DAG_ID, hold

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator

SAMPLE = PROJECT / "include" / "sample_contacts" / "contacts.csv"
# What is right in each column that the sample has wrong cells in.
VALUES = {
    "email": "mended.{}@example.com", "sms": "+3361234{:04}", "birthday": "1990-01-02", "points": "7",
    "newsletter": "true", "country": "DE", "interests": "food",
}  # fmt: skip
ENDED = ("success", "failed")


def connection_test(person: Person, conn_id: str) -> str:
    """Press the button of a connection in the list; what the UI answers."""
    person.page.goto(f"{person.stack.home.url}/connections")
    row = person.page.get_by_role("row").filter(has_text=conn_id)
    button = row.get_by_role("button", name="Test Connection")
    button.wait_for()
    answer = person.page.get_by_role("status").filter(has_text=re.compile("Test Connection"))
    # By keyboard, for a tooltip of the row above may lie over the button.
    button.press("Enter")
    answer.first.wait_for()
    return str(answer.first.inner_text())


def form(person: Person) -> Locator:
    """Open the form of the DAG."""
    person.page.goto(f"{person.stack.home.url}/dags/{DAG_ID}")
    person.page.get_by_role("button", name="Trigger").first.click()
    opened = person.page.get_by_role("dialog")
    opened.locator('[name="element_list"]').wait_for()
    return opened


def press_trigger(person: Person, opened: Locator) -> str:
    """Send the form; the id of the run whose page opens."""
    opened.get_by_role("button", name="Trigger", exact=True).click()
    person.page.wait_for_url(re.compile(rf"/dags/{DAG_ID}/runs/"))
    (newest, *_) = sorted(
        person.stack.rest.get(f"dags/{DAG_ID}/dagRuns")["dag_runs"],
        key=lambda run: str(run["run_after"]),
        reverse=True,
    )
    return str(newest["dag_run_id"])


def until_ended(person: Person, dag_id: str, run_id: str) -> None:
    """Wait for the end of a run."""
    rest = person.stack.rest
    wait_until(
        lambda: rest.run(dag_id, run_id)["state"] in ENDED,
        services=person.stack.services,
        seconds=900,
        what=f"waited for the end of {dag_id}",
    )
    assert rest.run(dag_id, run_id)["state"] == "success", rest.tasks(dag_id, run_id)


def tab_of_run(person: Person) -> FrameLocator:
    """On the page of a run, open the tab of the import."""
    person.page.get_by_role("link", name="Contact import").click()
    frame = person.page.frame_locator("iframe")
    frame.locator("main").wait_for()
    return frame


def corrected(rejects: Path, folder: Path) -> Path:
    """Correct every row that a downloaded list names, in a copy of the source; a file with these rows only.

    A row without its cells in the right places gets an address and nothing else.
    """
    with SAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with rejects.open(newline="") as file:
        listed = list(csv.DictReader(file))
    mended = []
    for one in listed:
        number = int(one["row"])
        has_cells = one["rule"] not in ("columns", "quoting")
        row = {**rows[number - 1]} if has_cells else dict.fromkeys(rows[0], "")
        field = one["field"] or "email"
        mended.append({**row, field: VALUES[field].format(number)})
    path = folder / "corrected rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(mended)
    return path


def in_both_themes(person: Person, name: str) -> None:
    """Keep a picture in each theme, and have axe-core look at both."""
    for scheme in ("dark", "light"):
        person.page.emulate_media(color_scheme=scheme)
        person.keep(f"{name}-{scheme}")
        assert faults_of_access(person) == []


@pytest.mark.parametrize("scheme", ["light"])
class TestByClick:
    """In this order, as a person would go."""

    def test_the_connection_is_tested_with_the_right_key_and_a_wrong_one(self, person: Person) -> None:
        url = person.stack.sandbox_url
        wrong = sandbox_connection(url, stage="file:///tmp/none", callback_url=person.stack.home.url)
        person.stack.rest.put_connection({**wrong, "connection_id": "wrong_key", "password": "of-somebody"})
        assert "Success" in connection_test(person, "email_contacts_default")
        said = connection_test(person, "wrong_key")
        assert "Failed" in said
        assert "key" in said
        assert "of-somebody" not in person.page.content()
        assert person.faults == []

    def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_field(self, person: Person) -> None:
        opened = form(person)
        opened.get_by_role("button", name="Safety").click()  # its sections open one at a time
        opened.locator('[name="element_max_rejects"]').fill("many")
        opened.get_by_role("button", name="Trigger", exact=True).click()
        said = opened.get_by_text("Invalid input for param")
        said.wait_for()
        assert "Maximum rejected rows" in said.inner_text()
        assert "'many' does not match" in said.inner_text()
        assert person.stack.rest.get(f"dags/{DAG_ID}/dagRuns")["dag_runs"] == []
        person.keep("refused")

    def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(self, person: Person) -> None:
        opened = form(person)
        switch = opened.locator('[name="element_dry_run"]')
        switch.locator("xpath=..").click()
        assert switch.is_checked()
        run_id = press_trigger(person, opened)
        until_ended(person, DAG_ID, run_id)
        frame = tab_of_run(person)
        frame.get_by_role("heading", name="1,000 rows read").wait_for()
        told = frame.locator("main").inner_text()
        assert "dry run" in told
        assert "nothing was sent" in told
        assert person.stack.sandbox("/sandbox/journal").json()["imports_accepted"] == 0

    def test_an_import_is_watched_to_its_end_and_all_its_rejected_rows_are_mended(
        self, person: Person, tmp_path: Path
    ) -> None:
        hold(person.stack, "in_process")
        run_id = press_trigger(person, form(person))
        frame = person.open(LIST)
        now = frame.locator(".ongoing")
        now.get_by_text("1 in process").wait_for()
        told = now.inner_text()
        for part in (
            "contacts.csv",
            "Sample contacts",
            "971 to send",
            "1 of 1 batch",
            "last look",
            "gives up at",
        ):
            assert part in told, part
        in_both_themes(person, "running")

        # What is typed and focused stays, while the page exchanges what it shows.
        frame.get_by_label("Search").fill("half a wo")
        seen = now.locator("time").nth(1).inner_text()
        person.frame().wait_for_function(
            "seen => document.querySelectorAll('.ongoing time')[1].innerText !== seen", arg=seen
        )
        assert frame.locator(":focus").input_value() == "half a wo"
        now.get_by_role("link").first.click()
        frame.get_by_role("heading", name="Timeline").wait_for()
        in_both_themes(person, "progress")
        frame.get_by_role("link", name="Open the run").focus()
        hold(person.stack, "none")
        frame.get_by_role("heading", name="Receipt", exact=True).wait_for()
        assert frame.locator(":focus").inner_text() == "Open the run"
        until_ended(person, DAG_ID, run_id)

        with person.page.expect_download() as download:
            frame.get_by_role("link", name="Download CSV").click()
        mended = corrected(Path(download.value.path()), tmp_path)

        frame.get_by_role("link", name="Retry rejected rows").click()
        frame.get_by_label("Corrected file", exact=True).set_input_files(mended)
        in_both_themes(person, "retry")
        frame.get_by_role("button", name="Start the retry").click()
        frame.get_by_role("heading", name="The retry has started").wait_for()
        frame.get_by_role("link", name="Watch it").click()
        # The page of its progress turns into that of its receipt by itself.
        frame.get_by_role("heading", name="22 rows read").wait_for()
        frame.get_by_text("22 of 22 contacts found").wait_for()
        told = frame.locator("main").inner_text()
        for part in ("Retries the rejected rows of", "Sample contacts"):
            assert part in told, part
        assert "time not known" not in told
        in_both_themes(person, "retried")

        old = frame.get_by_role("paragraph").filter(has_text="Retries the rejected rows of")
        old.get_by_role("link").click()
        frame.get_by_role("heading", name="1,000 rows read").wait_for()
        frame.get_by_text("Its rejected rows were retried:").wait_for()
        frame.get_by_role("link", name="its imports over time").click()
        frame.get_by_role("img", name=re.compile("Accepted in the last 2 imports")).wait_for()
        in_both_themes(person, "list-over-time")
        assert person.faults == []

    def test_a_failed_run_leads_to_the_log_whose_last_line_says_what_to_do(self, person: Person) -> None:
        rest = person.stack.rest
        run_id = rest.trigger(DAG_ID, {"max_rejects": "1%"})
        wait_until(
            lambda: rest.run(DAG_ID, run_id)["state"] in ENDED,
            services=person.stack.services,
            seconds=900,
            what="waited for the end of the run",
        )
        person.page.goto(f"{person.stack.home.url}/dags/{DAG_ID}/runs/{quote(run_id)}")
        frame = tab_of_run(person)
        frame.get_by_role("heading", name="1,000 rows read").wait_for()
        assert "Next: Correct the rejected rows in the source" in frame.locator("main").inner_text()
        in_both_themes(person, "failed")
        frame.get_by_role("link", name="Open the log of prepare").click()
        # Below the closed group of what followed the error, as a line of its own.
        last = person.page.get_by_text("Fix the source, or raise max_rejects.").last
        last.wait_for()
        person.keep("failed-log")
        assert "Task failed with exception" not in last.inner_text()
