"""The main job through the REST API of a running Airflow, as the UI's button does it."""

from __future__ import annotations

import json

import pytest
import requests

from local.stack import Stack
from tests.e2e.conftest import Run, run_to_the_end


def test_the_sample_file_is_accounted_for(sample_run: Run) -> None:
    assert sample_run.state == "success", sample_run.tasks
    receipt = sample_run.receipt
    rows = receipt["rows"]
    assert rows["read"] == 1000
    assert rows["read"] == rows["accepted"] + rows["rejected"] + rows["duplicates"] + rows["held_back"]
    (list_id,) = receipt["list_ids"]
    size = sample_run.stack.sandbox(f"/v3/contacts/lists/{list_id}").json()["uniqueSubscribers"]
    assert size == rows["accepted"]
    assert len(receipt["process_ids"]) == 1
    assert (
        sample_run.stack.sandbox(f"/v3/processes/{receipt['process_ids'][0]}").json()["status"] == "completed"
    )


def test_the_wait_was_deferred(sample_run: Run) -> None:
    """The platform held the import until then, so the wait went through the triggerer."""
    log = "".join(path.read_text() for path in (sample_run.logs / "task_id=wait").glob("attempt=*"))
    assert "DEFERRED" in log


def test_every_task_needed_one_try(sample_run: Run) -> None:
    """Above all the deferred one: a task that is resumed too early is failed by the scheduler."""
    tries = {
        task["task_id"]: task["try_number"]
        for task in sample_run.stack.rest.tasks("import_contacts", sample_run.run_id)
    }
    assert set(tries.values()) == {1}, tries


def test_the_receipt_is_the_extra_of_an_asset_event(sample_run: Run) -> None:
    events = sample_run.stack.rest.get("assets/events", limit=50)["asset_events"]
    extras = [event["extra"] for event in events if event["source_run_id"] == sample_run.run_id]
    assert [extra["receipt_id"] for extra in extras] == [sample_run.receipt["receipt_id"]]


def test_the_history_has_the_receipt_and_knows_which_task_wrote_it(sample_run: Run) -> None:
    rest = sample_run.stack.rest
    (asset,) = rest.get("assets", name_pattern="email_contacts_receipts")["assets"]
    entries = rest.get(f"assets/{asset['id']}/state-store", limit=50)["asset_state_store"]
    (entry,) = [one for one in entries if sample_run.receipt["receipt_id"] in one["key"]]
    assert entry["value"]["receipt"] == sample_run.receipt
    writer = entry["last_updated_by"]
    assert (writer["dag_id"], writer["run_id"], writer["task_id"]) == (
        "import_contacts", sample_run.run_id, "receipt",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("conf", "named"),
    [
        ({"unknown_columns": "ignore"}, "unknown_columns"),
        ({"max_rejects": "a few"}, "max_rejects"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"list": ""}, "list"),
        ({"update_existing_contacts": "perhaps"}, "update_existing_contacts"),
    ],
)
def test_the_form_refuses_what_cannot_be_right(stack: Stack, conf: dict[str, str], named: str) -> None:
    with pytest.raises(requests.HTTPError, match="400") as refusal:
        stack.rest.trigger("import_contacts", conf)
    assert named in str(refusal.value)


def last_line(log: str) -> tuple[str, str]:
    """The level and the words of what Airflow's UI shows last, and not in a group that is closed."""
    depth, shown = 0, []
    for line in map(json.loads, log.splitlines()):
        if "::group::" in line["event"]:
            depth += 1
        elif "::endgroup::" in line["event"]:
            depth = max(depth - 1, 0)
        else:
            shown.append((depth, line["level"], line["event"]))
    (*_, (depth, level, event)) = shown
    assert depth == 0
    return level, event


def test_a_wrong_file_is_refused_by_the_first_task(stack: Stack) -> None:
    before = stack.sandbox("/sandbox/journal").json()
    run = run_to_the_end(stack, source="requirements.txt", folder="Never made")
    assert run.state == "failed"
    assert run.tasks["prepare"] == "failed"
    log = (run.logs / "task_id=prepare" / "attempt=1.log").read_text()
    assert "EMAIL" in log
    level, words = last_line(log)
    assert level == "error"
    assert "EMAIL" in words
    at_the_end = last_line((run.logs / "task_id=receipt" / "attempt=1.log").read_text())[1]
    assert at_the_end.startswith("the import is failed: ")
    assert "0 of 0 rows accepted" in at_the_end
    assert "Next step: See the log of the task that failed first" in at_the_end
    assert not (run.logs / "task_id=prepare" / "attempt=2.log").exists(), "a retry cannot mend a file"
    assert stack.sandbox("/sandbox/journal").json()["imports_accepted"] == before["imports_accepted"]
    folders = stack.sandbox("/v3/contacts/folders", limit=50).json()["folders"]
    assert "Never made" not in [folder["name"] for folder in folders]
