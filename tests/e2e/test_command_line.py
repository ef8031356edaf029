"""What Airflow's own commands say of the package."""

from __future__ import annotations

import json
import subprocess

import pytest
from airflow.cli.cli_parser import get_parser

from local.stack import API_KEY, CONN_ID, Stack


def airflow(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an Airflow command in the home of the running Airflow."""
    return subprocess.run(
        ["airflow", *arguments],
        env={**stack.home.environment(), "COLUMNS": "300"},
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
def test_a_wrong_connection_is_explained(
    stack: Stack,
    changed: dict[str, str],
    helpful: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command itself, in this process: most of what it takes by itself is the start of Airflow."""
    right = {"conn_type": "email_contacts", "host": stack.sandbox_url, "password": API_KEY}
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps({**right, **changed}))
    monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
    monkeypatch.setenv("COLUMNS", "300")
    arguments = get_parser().parse_args(["connections", "test", "wrong"])
    with pytest.raises(SystemExit) as ended:
        arguments.func(arguments)
    assert ended.value.code == 1
    said = "".join(capsys.readouterr())
    assert helpful in said
    assert "wrong-key" not in said


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
