"""What the API room loads: neither Airflow nor other rooms, and requests only with the client."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import email_contacts.api

LOADED = "import sys, json; {}; print(json.dumps(sorted(sys.modules)))"


def modules_after(statement: str) -> set[str]:
    code = f"import sys; sys.path[:0] = ['plugins']; {LOADED.format(statement)}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_errors_and_values_do_not_cost_requests() -> None:
    loaded = modules_after("from email_contacts.api import ContactsApiError, ImportRequest, Process")
    assert "email_contacts.api.errors" in loaded
    assert not {"requests", "urllib3", "airflow", "jsonschema"} & loaded


def test_the_client_knows_no_other_room() -> None:
    loaded = modules_after("from email_contacts.api import ContactsClient")
    assert "requests" in loaded
    assert not {"airflow", "polars", "orjson"} & loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("email_contacts.")}
    assert rooms == {"api"}


def test_every_public_name_is_there() -> None:
    for name in email_contacts.api.__all__:
        assert getattr(email_contacts.api, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        email_contacts.api.__getattr__("Nonsense")
