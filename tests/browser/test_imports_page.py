"""The page of imports as a person sees it: in Airflow's UI, by mouse and keyboard, light and dark."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from email_contacts.imports.history import EntryKey
from tests.browser.conftest import LIST, PAGES, Person, faults_of_access
from tests.e2e.conftest import Run


def address(run: Run) -> str:
    """Where the import's own page is in Airflow's UI."""
    key = EntryKey.of(run.receipt)
    return f"{LIST}{PAGES}/{key.ended_at}/{key.receipt_id}"


def test_an_import_is_found_opened_and_its_rejects_are_downloaded(
    person: Person, imported: Run, scheme: str
) -> None:
    page = person.page
    page.goto(person.stack.home.url)
    page.get_by_text("Browse", exact=True).click()
    page.get_by_text("Contact imports", exact=True).click()
    frame = page.frame_locator("iframe")
    row = frame.get_by_role("row").filter(has_text="completed with rejects")
    for part in ("contacts.csv", "Sample contacts", "1,000", "971", "22", "import_contacts"):
        assert part in row.first.inner_text()
    person.keep(f"imports-{scheme}")
    assert faults_of_access(person) == []

    row.first.get_by_role("rowheader").get_by_role("link").click()
    frame.get_by_role("heading", name=re.compile("contacts.csv")).wait_for()
    told = frame.locator("main").inner_text()
    for part in ("1,000 rows read", "Prepared", "Submitted", "Verified", "971 of 971 contacts found"):
        assert part in told, part
    assert "time not known" not in told
    person.keep(f"import-{scheme}")
    assert faults_of_access(person) == []

    with page.expect_download() as download:
        frame.get_by_role("link", name="Download CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 22
    assert person.faults == []


@pytest.mark.parametrize("scheme", ["light"])
class TestInOneTheme:
    """What does not depend on the theme."""

    def test_the_filters_work_by_keyboard(self, person: Person, imported: Run) -> None:
        frame = person.open(LIST)
        search = frame.get_by_label("Search")
        search.focus()
        person.page.keyboard.type("nothing-like-it")
        person.page.keyboard.press("Enter")
        frame.get_by_text("No import matches.").wait_for()
        frame.get_by_role("link", name="Show all").focus()
        person.page.keyboard.press("Enter")
        frame.get_by_role("row").filter(has_text="contacts.csv").first.wait_for()
        assert person.faults == []

    def test_the_run_opens_in_place_of_the_page_and_shows_its_import(
        self, person: Person, imported: Run
    ) -> None:
        frame = person.open(address(imported))
        frame.get_by_role("link", name="Open the run").click()
        person.page.wait_for_url(re.compile(r"/dags/import_contacts/runs/"))
        person.page.get_by_role("link", name="Contact import").click()
        shown = person.page.frame_locator("iframe").locator("main")
        shown.get_by_role("heading", name="1,000 rows read").wait_for()
        person.keep("run")
        assert person.faults == []

    def test_the_task_of_the_receipt_links_to_the_import(self, person: Person, imported: Run) -> None:
        links = person.stack.rest.get(
            f"dags/import_contacts/dagRuns/{imported.run_id}/taskInstances/receipt/links"
        )
        link = links["extra_links"]["Contact import"]
        assert link == f"{person.stack.home.url}{address(imported)}"
        frame = person.open(link.removeprefix(person.stack.home.url))
        frame.get_by_role("heading", name=re.compile("contacts.csv")).wait_for()

    def test_scripts_of_others_do_not_run_there(self, person: Person, imported: Run) -> None:
        """The content security policy, tried from inside."""
        person.open(LIST)
        frame = person.frame()
        ran = frame.evaluate(
            """async () => {
                const inline = document.createElement("script");
                inline.textContent = "window.ran = true";
                document.body.append(inline);
                const button = document.createElement("button");
                button.setAttribute("onclick", "window.ran = true");
                document.body.append(button);
                button.click();
                const image = new Image();
                const refused = await new Promise((done) => {
                    image.onload = () => done(false);
                    image.onerror = () => done(true);
                    image.src = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>";
                });
                const sent = await fetch("/api/v2/version").then(() => true, () => false);
                return [window.ran === true, refused, sent];
            }"""
        )
        assert ran == [False, True, False]
