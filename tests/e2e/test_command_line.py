"""What Airflow's own commands say of the package."""

from __future__ import annotations

import json
import subprocess

import pytest

from local.stack import API_KEY, CONN_ID, Stack


def airflow(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an Airflow command in the home of the running Airflow."""
    return subprocess.run(
        ["airflow", *arguments],
        env={**stack.home.environment(), "COLUMNS": "300", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_connection_answers(stack: Stack) -> None:
    done = airflow(stack, "connections", "test", CONN_ID)
    assert done.returncode == 0, done.stderr
    assert "Connection success" in done.stdout


@pytest.mark.parametrize(
    ("changed", "helpful"),
    [
        ({"password": "wrong-key"}, "IP"),
        ({"host": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"host": ""}, "host"),
    ],
)
def test_a_wrong_connection_is_explained(stack: Stack, changed: dict[str, str], helpful: str) -> None:
    right = {"conn_type": "email_contacts", "host": stack.sandbox_url, "password": API_KEY}
    document = json.dumps({**right, **changed})
    done = airflow(stack, "connections", "test", "wrong", AIRFLOW_CONN_WRONG=document)
    assert done.returncode != 0
    assert helpful in done.stdout + done.stderr
    assert "wrong-key" not in done.stdout + done.stderr


def test_the_connection_answers_in_the_ui(stack: Stack) -> None:
    """The Test button: the API server makes the request."""
    document = {
        "connection_id": "from_the_form",
        "conn_type": "email_contacts",
        "host": stack.sandbox_url,
        "password": API_KEY,
        "extra": json.dumps({"timeout": None, "requests_per_second": 5}),
    }
    answer = stack.rest.post("connections/test", document)
    assert answer["status"] is True, answer
    assert "OK" in answer["message"]


def test_provider_and_plugin_are_there_without_errors(stack: Stack) -> None:
    assert "airflow-provider-email-contacts" in airflow(stack, "providers", "list").stdout
    plugins = json.loads(airflow(stack, "plugins", "--output", "json").stdout.splitlines()[-1])
    assert [plugin["name"] for plugin in plugins] == ["email_contacts"]
    assert stack.rest.get("plugins/importErrors")["total_entries"] == 0


def test_no_dag_has_import_errors(stack: Stack) -> None:
    done = airflow(stack, "dags", "list-import-errors")
    assert done.returncode == 0
    assert "No data found" in done.stdout
    assert stack.rest.get("importErrors")["total_entries"] == 0
