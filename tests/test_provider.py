"""What Airflow itself makes of the package: its provider, its connection form, its one plugin."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.sdk import BaseHook, BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

from email_contacts import __version__
from email_contacts.connection import FIELDS
from email_contacts.hook import ContactsHook
from email_contacts.provider import get_provider_info

PROJECT = Path(__file__).resolve().parents[1]

# Run by an interpreter of its own, as every Airflow process is, and with every warning shown.
LOOK = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import email_contacts
    from airflow import plugins_manager
    from airflow.providers_manager import ProvidersManager
    manager = ProvidersManager()
    hook = manager.hooks["email_contacts"]
    prefix = "extra__email_contacts__"
    widgets = {n: w for n, w in manager.connection_form_widgets.items() if n.startswith(prefix)}
    seen = {
        "package": email_contacts.__file__,
        "hook": [hook.package_name, hook.hook_name, hook.connection_type, hook.hook_class_name],
        "is_testable": hook.connection_testable,
        "form": {w.field_name: [w.is_sensitive, w.field] for w in widgets.values()},
        "behaviour": manager.field_behaviours["email_contacts"],
        "provider": manager.providers["airflow-provider-email-contacts"].version,
        "plugins": [[info["name"], str(info["source"])] for info in plugins_manager.get_plugin_info()],
        "import_errors": plugins_manager.get_import_errors(),
    }
seen["warnings"] = [f"{w.category.__name__}: {w.message} ({w.filename})" for w in caught]
print("SEEN" + json.dumps(seen, default=str))
"""


@pytest.fixture(scope="module")
def airflow_sees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh Airflow process sees of the installed package."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home"))},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SEEN")]
    seen: dict[str, Any] = json.loads(line.removeprefix("SEEN"))
    return seen


def test_the_provider_info_is_what_airflow_expects() -> None:
    schema = Path(airflow.__file__).parent / "provider_info.schema.json"
    jsonschema.validate(get_provider_info(), json.loads(schema.read_text()))


def test_the_provider_bears_the_name_and_version_of_the_distribution() -> None:
    info = get_provider_info()
    assert distribution(info["package-name"]).version == info["versions"][0] == __version__


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("operators", BaseOperator),
        ("sensors", BaseSensorOperator),
        ("hooks", BaseHook),
        ("triggers", BaseTrigger),
    ],
)
def test_each_module_that_dags_import_from_is_named(kind: str, base: type) -> None:
    (named,) = get_provider_info()[kind]
    assert set(named["python-modules"]) == {each.__module__ for each in offered(base)}


def offered(base: type) -> set[type]:
    """The package's classes of one kind that no other of its classes extends; a sensor is no operator."""
    package = importlib.import_module("email_contacts")
    for module in pkgutil.walk_packages(package.__path__, "email_contacts."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {each for each in descendants(base) if each.__module__.startswith("email_contacts.")}
    extended = {parent for each in ours for parent in each.__mro__[1:]}
    if base is BaseOperator:
        ours -= descendants(BaseSensorOperator)
    return ours - extended


def descendants(base: type) -> set[type]:
    return {each for child in base.__subclasses__() for each in {child, *descendants(child)}}


def test_the_plugin_is_the_one_of_the_entry_point() -> None:
    info = get_provider_info()
    (plugin,) = info["plugins"]
    (entry_point,) = [
        each for each in distribution(info["package-name"]).entry_points if each.group == "airflow.plugins"
    ]
    offered = entry_point.load()
    assert f"{offered.__module__}.{offered.__qualname__}" == plugin["plugin-class"]
    assert offered.name == entry_point.name == plugin["name"]


def test_form_and_fields_are_the_same() -> None:
    (kind,) = get_provider_info()["connection-types"]
    assert list(kind["conn-fields"]) == [field.name for field in FIELDS]
    for field in FIELDS:
        shown = kind["conn-fields"][field.name]
        assert (shown["label"], shown["description"]) == (field.label, field.description)
        jsonschema.Draft202012Validator.check_schema(shown["schema"])
        for value in (field.default, *([] if "enum" in field.schema else [None])):
            jsonschema.validate(value, shown["schema"])


def test_the_hook_and_the_provider_agree() -> None:
    (kind,) = get_provider_info()["connection-types"]
    assert kind["connection-type"] == ContactsHook.conn_type
    assert kind["hook-name"] == ContactsHook.hook_name
    assert kind["hook-class-name"] == f"{ContactsHook.__module__}.{ContactsHook.__qualname__}"


def test_the_package_is_the_one_in_the_plugins_folder(airflow_sees: dict[str, Any]) -> None:
    assert Path(airflow_sees["package"]).parent == PROJECT / "plugins" / "email_contacts"


def test_the_connection_type_is_known_with_its_form(airflow_sees: dict[str, Any]) -> None:
    assert airflow_sees["hook"] == [
        "airflow-provider-email-contacts",
        "Email Contacts",
        "email_contacts",
        "email_contacts.hook.ContactsHook",
    ]
    assert airflow_sees["is_testable"]
    assert airflow_sees["provider"] == __version__
    assert set(airflow_sees["form"]) == {field.name for field in FIELDS}
    for field in FIELDS:
        is_sensitive, shown = airflow_sees["form"][field.name]
        assert is_sensitive == field.is_secret == (field.name == "callback_secret")
        assert shown["value"] == field.default
        assert shown["description"] == field.description
    assert airflow_sees["behaviour"]["relabeling"] == {"host": "Base URL", "password": "API key"}
    assert set(airflow_sees["behaviour"]["hidden_fields"]) == {"schema", "port", "login"}


def test_there_is_exactly_one_plugin_and_nothing_failed_to_load(airflow_sees: dict[str, Any]) -> None:
    assert airflow_sees["import_errors"] == {}
    ours = [name for name, source in airflow_sees["plugins"] if "email_contacts" in name + source]
    assert ours == ["email_contacts"]


def test_loading_it_warns_of_nothing_of_ours(airflow_sees: dict[str, Any]) -> None:
    assert [text for text in airflow_sees["warnings"] if "email_contacts" in text] == []
