"""A really running Airflow and sandbox, and a real Chromium before them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest

from local.home import PROJECT, USER, Home
from local.stack import Stack
from tests.e2e.conftest import DAG_ID, SETTINGS, Run, run_to_the_end
from tests.grouping import SHARED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, FrameLocator, Page

# What a busy machine may take for anything that is waited for.
PATIENCE = 300_000
PICTURES = PROJECT / ".local" / "pictures"
PAGES = "/email-contacts/imports"
LIST = "/plugin/contact-imports"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the installed Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed; apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium without a window.

    Not for longer than its module: Playwright keeps an event loop running in this thread meanwhile, in which
    no test of another module could run one of its own.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def stack(chromium: str) -> Stack:
    """Airflow and the sandbox, started once for all tests of this folder."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-browser-"))
    SHARED.callback(shutil.rmtree, folder, ignore_errors=True)
    return SHARED.enter_context(Stack(Home(folder), settings=SETTINGS))


@pytest.fixture(scope="session")
def imported(stack: Stack) -> Run:
    """A run of ``import_contacts`` with the form's defaults; that of an earlier test where there is one."""
    runs = stack.rest.get(f"dags/{DAG_ID}/dagRuns")["dag_runs"]
    made = [one for one in runs if one["state"] == "success" and not one["conf"].get("dry_run")]
    run = Run(stack, made[0]["dag_run_id"], "success") if made else run_to_the_end(stack)
    assert run.state == "success", run.tasks
    return run


@dataclass
class Person:
    """Somebody who has logged in to Airflow.

    :param faults: what the browser's console says of errors, the content security policy's refusals among it.
    """

    page: Page
    stack: Stack
    faults: list[str]

    def open(self, path: str) -> FrameLocator:
        """Open a page of the plugin in Airflow's UI; what is in its frame."""
        self.page.goto(f"{self.stack.home.url}{path}")
        frame = self.page.frame_locator("iframe")
        frame.locator("main").wait_for()
        return frame

    def frame(self) -> Frame:
        """The frame of the plugin's page, for what is done inside it."""
        frame = self.page.locator("iframe").last.element_handle().content_frame()
        assert frame is not None
        assert PAGES in frame.url
        return frame

    def keep(self, name: str) -> Path:
        """Keep a picture of what is seen."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """The theme that the person prefers."""
    return str(request.param)


@pytest.fixture(scope="session")
def login(stack: Stack) -> dict[str, Any]:
    """What the browser keeps of the login, once somebody has logged in."""
    return {}


@pytest.fixture
def person(browser: Browser, stack: Stack, scheme: Any, login: dict[str, Any]) -> Iterator[Person]:
    """Somebody who logs in by the form, or comes back."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 1440, "height": 1000}, storage_state=login.get("kept")
    )
    context.set_default_timeout(PATIENCE)
    page, faults = context.new_page(), []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    if not login:
        page.goto(f"{stack.home.url}/")
        page.locator('input[name="username"]').fill(USER)
        page.locator('input[name="password"]').fill(stack.home.password)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Dags").first.wait_for()
        login["kept"] = context.storage_state()
    faults.clear()  # Airflow asks who is there before the login
    yield Person(page, stack, faults)
    context.close()


def faults_of_access(person: Person) -> list[str]:
    """What axe-core finds serious or critical in the page's frame.

    It is run by the browser's debugger, which the content security policy does not bind.
    """
    frame = person.frame()
    frame.evaluate(AXE)
    found: dict[str, Any] = frame.evaluate("axe.run(document)")
    assert found["passes"], "axe-core looked at nothing"
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]
            if one["impact"] in ("serious", "critical")]  # fmt: skip
