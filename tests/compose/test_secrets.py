"""No secret in the file, and a generator that makes all of them, once."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.compose import required_variables
from local.env_file import VARIABLES, complete
from local.home import PROJECT

EXPRESSION = re.compile(r"\$\{\w+:\?run make env\}")
SECRET_NAME = re.compile(
    r"password$|passwd|secret|token|api[-_]?key|fernet|_key$|requirepass|auth$", re.IGNORECASE
)
IN_URL = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
IN_ARGUMENT = re.compile(r"--([\w-]+)[= ](\$\{[^}]*\}|\S+)")


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document with the key it stands under; a JSON document in a string is looked into."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str) and value.startswith("{"):
        yield from strings(json.loads(value), key)
    elif isinstance(value, str):
        yield key, value


def secrets_written(document: dict[str, Any]) -> list[str]:
    """The places of a document that hold, or would hold, a secret."""
    found = []
    for key, text in strings(document["services"]):
        if SECRET_NAME.search(key) and key != "AIRFLOW__CORE__AUTH_MANAGER":
            found.append(text)
        found += IN_URL.findall(text)
        found += [value for option, value in IN_ARGUMENT.findall(text) if SECRET_NAME.search(option)]
    return found


def test_every_secret_is_a_variable_that_must_be_set(written: dict[str, Any]) -> None:
    found = secrets_written(written)
    assert len(found) > 20
    assert [text for text in found if not EXPRESSION.fullmatch(text)] == []


@pytest.mark.parametrize(
    "service",
    [
        {"environment": {"AIRFLOW__API__SECRET_KEY": "s3cret"}},
        {"environment": {"POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:-airflow}"}},
        {"environment": {"URL": "redis://:s3cret@redis:6379/0"}},
        {"environment": {"CONNECTION": '{"a": {"password": "s3cret"}}'}},
        {"command": ["serve", "--api-key=s3cret"]},
        {"command": "redis-server --requirepass s3cret"},
    ],
)
def test_a_secret_in_the_file_would_be_seen(service: dict[str, Any]) -> None:
    found = secrets_written({"services": {"any": service}})
    assert len(found) == 1
    assert not EXPRESSION.fullmatch(found[0])


def test_the_generator_makes_what_compose_requires_and_nothing_else() -> None:
    assert set(VARIABLES) == required_variables()


def test_the_generated_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert complete(path) == list(VARIABLES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert set(values) == set(VARIABLES)
    assert int(values["AIRFLOW_UID"]) > 0
    for name, value in values.items():
        # Nothing that compose, a URL, JSON or a shell would read as something else.
        assert re.fullmatch(r"[\w=-]+", value), name
        assert name == "AIRFLOW_UID" or len(value) >= 20, name


def test_two_generated_files_share_no_secret(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    complete(first)
    complete(second)
    shared = set(first.read_text().splitlines()) & set(second.read_text().splitlines())
    assert all(line.startswith("AIRFLOW_UID=") for line in shared)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    complete(path)
    before = path.read_bytes()
    assert complete(path) == []
    assert path.read_bytes() == before


def test_what_a_file_has_stays_and_what_it_lacks_is_added(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    mine = "# mine\nAIRFLOW_PORT=9090\nexport POSTGRES_PASSWORD='as it was'\nREDIS_PASSWORD="
    path.write_text(mine)
    path.chmod(0o644)
    added = complete(path)
    assert set(added) == set(VARIABLES) - {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert path.read_text().startswith(mine + "\nAIRFLOW_UID=")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_generator_needs_nothing_but_python() -> None:
    # -S: without site-packages.
    isolated = [sys.executable, "-S", "-c", "import local.env_file"]
    assert subprocess.run(isolated, cwd=PROJECT, check=False).returncode == 0


def test_the_generated_file_stays_out_of_git_and_of_the_image() -> None:
    assert ".env" in (PROJECT / ".gitignore").read_text().splitlines()
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not any(line.startswith("!.") for line in ignored)
