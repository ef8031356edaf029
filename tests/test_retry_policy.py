"""The retry policy: what it decides, and that Airflow does as it decided."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.sdk import BaseOperator, Context, RetryAction, RetryDecision

from email_contacts import api
from email_contacts.imports.errors import CannotTell, ImportFailed, ImportTimeout
from email_contacts.retry_policy import ContactsRetryPolicy
from email_contacts.sandbox import SandboxServer
from tests.conftest import PROJECT
from tests.test_failures import PASSING, PERMANENT

POLICY = ContactsRetryPolicy()


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_what_no_retry_can_mend_fails_now_with_its_advice(error: Exception) -> None:
    decision = POLICY.evaluate(error, 1, 3)
    assert decision.action is RetryAction.FAIL
    assert decision.reason == "a retry cannot fix this: why"


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_what_may_pass_is_never_failed(error: Exception) -> None:
    assert POLICY.evaluate(error, 1, 3).action is not RetryAction.FAIL


def context(**arguments: Any) -> Context:
    task = BaseOperator(task_id="t", **arguments)
    return cast("Context", {"task": task})


@pytest.mark.parametrize("error", [api.RateLimited, api.Unavailable])
def test_advice_is_followed_and_a_little_spread(error: type[api.ContactsApiError]) -> None:
    for _ in range(50):
        decision = POLICY.evaluate(error("later", retry_after=600.0), 1, 3)
        assert decision.action is RetryAction.RETRY
        assert decision.retry_delay is not None
        assert timedelta(seconds=601) <= decision.retry_delay <= timedelta(seconds=661)
    capped = ContactsRetryPolicy(longest_wait=60).evaluate(error("later", retry_after=1e9), 1, 3)
    assert capped.retry_delay is not None
    assert capped.retry_delay <= timedelta(seconds=67)


def test_a_rate_limit_without_a_reset_is_as_the_task_is_configured() -> None:
    assert POLICY.evaluate(api.RateLimited("429"), 1, 3) == RetryDecision.default()


@pytest.mark.parametrize(
    ("arguments", "tries", "least"),
    [
        ({"retry_delay": timedelta(minutes=5)}, 1, 300),
        ({"retry_delay": 300.0}, 3, 300),
        ({"retry_delay": timedelta(minutes=1), "retry_exponential_backoff": 2}, 3, 480),
        ({"retry_delay": 60.0, "retry_exponential_backoff": 3, "max_retry_delay": 90.0}, 9, 90),
        ({"retry_delay": timedelta(minutes=1), "retry_exponential_backoff": 2}, 5000, 86_400),
    ],
)  # fmt: skip
def test_a_rate_limit_gets_no_less_patience_than_any_other_error(
    arguments: dict[str, Any], tries: int, least: float
) -> None:
    decision = POLICY.evaluate(api.RateLimited("429", retry_after=2.0), tries, 9000, context(**arguments))
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=least))


def test_an_unknown_outcome_is_looked_into_soon_unless_the_platform_wants_rest() -> None:
    decision = POLICY.evaluate(api.OutcomeUnknown("524"), 1, 3, context(retry_delay=timedelta(hours=1)))
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=10))
    decision = POLICY.evaluate(api.OutcomeUnknown("503", retry_after=120.0), 1, 3)
    assert decision.retry_delay is not None
    assert timedelta(seconds=121) <= decision.retry_delay <= timedelta(seconds=133)


@pytest.mark.parametrize("error", [api.Unavailable("503"), ImportTimeout("late"), OSError("disk")])
def test_everything_else_is_as_the_task_is_configured(error: Exception) -> None:
    decision = POLICY.evaluate(error, 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.DEFAULT, None)


def test_an_import_that_failed_is_not_tried_again() -> None:
    for error in (ImportFailed("failed"), CannotTell("no route")):
        assert POLICY.evaluate(error, 1, 3).action is RetryAction.FAIL


DAG_FILE = """
from datetime import datetime, timedelta
from airflow.sdk import dag, task
from email_contacts.hook import ContactsHook
from email_contacts.retry_policy import ContactsRetryPolicy

@dag(schedule=None, start_date=datetime(2026, 1, 1), default_args={
    "retries": 3, "retry_delay": timedelta(0), "retry_policy": ContactsRetryPolicy(),
})
def policed():
    @task
    def unknown_list():
        ContactsHook().client.get_list(999)

    @task
    def limited(list_id):
        return ContactsHook().settings.client(max_wait=0).get_list(list_id).id

    limited.expand(list_id=[2]) >> unknown_list()

policed()
"""

RUN = """
import json
from airflow.utils.db import initdb
initdb()
from airflow.dag_processing.dagbag import DagBag
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
bag = DagBag()
assert not bag.import_errors, bag.import_errors
dag = bag.dags["policed"]
json.dumps(DagSerialization.to_dict(dag))
run = dag.test()
tasks = {one.task_id: [str(one.state), one.try_number] for one in run.get_task_instances()}
with create_session() as session:
    reasons = [one.retry_reason for one in session.query(TaskInstanceHistory).all() if one.retry_reason]
print("RESULT " + json.dumps({"tasks": tasks, "reasons": reasons}))
"""


def test_airflow_does_as_it_decided(sandbox: SandboxServer, tmp_path: Path) -> None:
    """In default_args of a real DAG: one fails at its first try, the other comes back in seconds."""
    sandbox.set_knobs(faults=[{"route": "list", "kind": "429", "seconds": 1}])
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "policed.py").write_text(DAG_FILE)
    connection = {"conn_type": "email_contacts", "host": sandbox.url, "password": sandbox.api_key}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={
            **inherited,
            "PYTHONPATH": str(PROJECT / "plugins"),
            "AIRFLOW_HOME": str(tmp_path / "home"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__API_AUTH__JWT_SECRET": "j" * 64,
            "AIRFLOW_CONN_EMAIL_CONTACTS_DEFAULT": json.dumps(connection),
        },
    )
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert results, done.stdout[-3000:] + done.stderr[-3000:]
    result = json.loads(results[0].removeprefix("RESULT "))
    assert result["tasks"] == {"unknown_list": ["failed", 1], "limited": ["success", 2]}
    assert result["reasons"] == ["the platform asks for a retry in 1 s"]
