"""What docker-compose.yaml promises, held against the file."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest

from email_contacts.connection import CONN_TYPE, DEFAULT_CONN_ID, AirflowConnection, ContactsConnection
from local.compose import (
    COMPLETED,
    HEALTHY,
    PATH,
    ComposeFile,
    ComposeService,
    MissingVariable,
    required_variables,
)
from local.home import PROJECT

HERE = Path(__file__).parent
SCHEMA = HERE / "compose-spec.json"
AIRFLOW = {
    "airflow-init",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
}
# What one service has beside the common environment.
OWN_SETTINGS = {
    "airflow-init": {"ADMIN_PASSWORD", "SANDBOX_CONNECTION"},
    "airflow-worker": {"DUMB_INIT_SETSID"},
}


def broken_rules(document: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(document)]


def test_it_follows_the_compose_specification(written: dict[str, Any]) -> None:
    assert broken_rules(written) == []


def test_the_schema_would_see_a_mistake(written: dict[str, Any]) -> None:
    broken = copy.deepcopy(written)
    broken["services"]["redis"]["healthcheck"]["intervall"] = "5s"
    broken["services"]["postgres"]["depends_on"] = {"redis": {"condition": "healthy"}}
    found = "\n".join(broken_rules(broken))
    assert "'intervall' does not match" in found
    assert "['services', 'postgres', 'depends_on']" in found


def test_the_schema_is_the_one_that_its_note_names() -> None:
    note = (HERE / "compose-spec.md").read_text()
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in note


def test_it_has_the_whole_set(composed: ComposeFile) -> None:
    assert set(composed.services) == {"postgres", "redis", "sandbox"} | AIRFLOW


def test_every_service_has_a_health_check_and_init_is_awaited_to_its_end(composed: ComposeFile) -> None:
    for name, service in composed.services.items():
        assert bool(service.health) == (name != "airflow-init"), name
    for name in AIRFLOW - {"airflow-init"}:
        assert composed.services[name].depends_on["airflow-init"] == COMPLETED


def test_every_dependency_is_by_health_or_by_completion(composed: ComposeFile) -> None:
    for service in composed.services.values():
        for other, condition in service.depends_on.items():
            expected = COMPLETED if other == "airflow-init" else HEALTHY
            assert condition == expected, f"{service.name} on {other}"
    order = [service.name for service in composed.in_order()]
    assert order.index("postgres") < order.index("airflow-init") < order.index("airflow-apiserver")
    assert order[-1] == "airflow-worker"


def test_a_circle_of_dependencies_is_refused(composed: ComposeFile) -> None:
    one, other = composed.services["postgres"], composed.services["redis"]
    circle = {
        "a": SimpleNamespace(name="a", depends_on={"b": HEALTHY}),
        "b": SimpleNamespace(name="b", depends_on={"a": HEALTHY}),
    }
    with pytest.raises(ValueError, match="circle: a, b"):
        ComposeFile(cast(dict[str, ComposeService], circle), frozenset()).in_order()
    assert one.depends_on == other.depends_on == {}


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_all_airflow_processes_have_one_environment(
    airflow_services: dict[str, ComposeService], name: str
) -> None:
    common = airflow_services["airflow-scheduler"].environment
    own = airflow_services[name].environment
    assert {key: value for key, value in own.items() if key in common} == common
    assert own.keys() - common.keys() == OWN_SETTINGS.get(name, set())


def test_every_airflow_setting_exists_in_this_airflow(airflow_services: dict[str, ComposeService]) -> None:
    from airflow.configuration import retrieve_configuration_description

    sections = retrieve_configuration_description(include_airflow=True, include_providers=True)
    settings = [
        key for key in airflow_services["airflow-scheduler"].environment if key.startswith("AIRFLOW__")
    ]
    assert len(settings) > 15
    for setting in settings:
        _, section, option = setting.lower().split("__")
        assert option in sections[section]["options"], setting


def test_secrets_are_long_enough(airflow_services: dict[str, ComposeService]) -> None:
    from cryptography.fernet import Fernet

    environment = airflow_services["airflow-apiserver"].environment
    assert len(environment["AIRFLOW__API_AUTH__JWT_SECRET"].encode()) >= 64
    Fernet(environment["AIRFLOW__CORE__FERNET_KEY"])


@pytest.mark.parametrize("folder", ["dags", "plugins", "include"])
def test_the_checkout_is_mounted_for_reading_only(
    airflow_services: dict[str, ComposeService], folder: str
) -> None:
    for service in airflow_services.values():
        mounts = {mount.target: mount for mount in service.mounts}
        mount = mounts[f"/opt/airflow/{folder}"]
        assert (mount.source, mount.read_only) == (f"./{folder}", True), service.name


@pytest.mark.parametrize("volume", ["logs", "stage"])
def test_all_airflow_processes_share_logs_and_stage(
    airflow_services: dict[str, ComposeService], volume: str
) -> None:
    for service in airflow_services.values():
        assert (volume, f"/opt/airflow/{volume}") in {
            (mount.source, mount.target) for mount in service.mounts
        }


def test_only_init_and_the_api_server_see_the_password_file(composed: ComposeFile) -> None:
    having = {
        service.name
        for service in composed.services.values()
        for mount in service.mounts
        if mount.source == "auth"
    }
    assert having == {"airflow-init", "airflow-apiserver"}


def test_every_named_volume_is_declared_and_used(composed: ComposeFile) -> None:
    used = {m.source for service in composed.services.values() for m in service.mounts if m.is_named}
    assert used == composed.volumes


def test_the_seeded_connection_is_one_that_the_provider_accepts(
    composed: ComposeFile, variables: dict[str, str]
) -> None:
    init = composed.services["airflow-init"]
    (conn_id, entry), *others = json.loads(init.environment["SANDBOX_CONNECTION"]).items()
    assert (conn_id, entry["conn_type"], others) == (DEFAULT_CONN_ID, CONN_TYPE, [])
    connection = SimpleNamespace(
        conn_id=conn_id,
        conn_type=entry["conn_type"],
        host=entry["host"],
        port=None,
        password=entry["password"],
        extra=json.dumps(entry["extra"]),
        extra_dejson=entry["extra"],
    )
    settings = ContactsConnection.from_airflow(cast(AirflowConnection, connection))
    assert settings.base_url == "http://sandbox:8080"
    assert settings.allow_http
    assert settings.api_key.value == variables["SANDBOX_API_KEY"]
    assert settings.staging_root == "file:///opt/airflow/stage"
    # The sandbox calls the API server by its name, as the network of compose knows it.
    assert settings.callback_url == "http://airflow-apiserver:8080"
    assert settings.callback_secret.value == variables["CALLBACK_SECRET"]
    command = composed.services["sandbox"].command
    assert {"--port=8080", f"--api-key={variables['SANDBOX_API_KEY']}"} <= set(command)


def test_only_the_ui_and_the_sandbox_are_reached_from_outside_and_only_from_this_machine(
    written: dict[str, Any],
) -> None:
    ports = {name: service["ports"] for name, service in written["services"].items() if "ports" in service}
    assert set(ports) == {"airflow-apiserver", "sandbox"}
    for published in ports.values():
        assert re.fullmatch(r"127\.0\.0\.1:\$\{\w+:-\d+\}:8080", *published)


def test_nobody_is_root_or_may_become_it(written: dict[str, Any]) -> None:
    for name, service in written["services"].items():
        user = service["user"].split(":")[0]
        assert user in {"postgres", "redis", "${AIRFLOW_UID"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name


def test_services_come_back_and_may_end_in_peace(written: dict[str, Any]) -> None:
    for name, service in written["services"].items():
        assert service["restart"] == ("no" if name == "airflow-init" else "unless-stopped"), name
        assert service["stop_grace_period"].endswith(("s", "m")), name
        assert service["logging"]["options"]["max-size"], name


def test_the_triggerer_may_open_a_log_for_each_waiting_task(written: dict[str, Any]) -> None:
    limit = written["services"]["airflow-triggerer"]["ulimits"]["nofile"]
    assert limit == {"soft": 65536, "hard": 65536}


@pytest.mark.parametrize("name", sorted(required_variables()))
def test_a_missing_variable_stops_it_and_says_what_to_do(variables: dict[str, str], name: str) -> None:
    without = {key: value for key, value in variables.items() if key != name}
    with pytest.raises(MissingVariable, match=f"{name}: run make env"):
        ComposeFile.read(without)


def test_the_page_on_deployment_names_every_service_and_variable(composed: ComposeFile) -> None:
    page = (PROJECT / "docs" / "deployment.md").read_text()
    names = set(composed.services) | set(re.findall(r"\$\{(\w+):[-?]", PATH.read_text())) - {"NAME"}
    assert len(names) > 18
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_expressions_are_filled_as_compose_does(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(
        "services: {a: {command: ['$$HOME', '${SET:?no}', '${EMPTY:-else}', '${UNSET}', 'price: 5$'],"
        " ports: ['127.0.0.1:${PORT:-80}:8080']}}\nvolumes: {}\n"
    )
    service = ComposeFile.read({"SET": "yes", "EMPTY": ""}, path).services["a"]
    assert service.command == ("$HOME", "yes", "else", "", "price: 5$")
    assert service.published == {80: 8080}
