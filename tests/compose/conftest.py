"""docker-compose.yaml: as it is written, and as compose reads it with a generated .env."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from local import compose
from local.compose import ComposeFile, ComposeService
from local.env_file import VARIABLES


@pytest.fixture(scope="session")
def written() -> dict[str, Any]:
    """The document with its expressions left as they are."""
    document: dict[str, Any] = yaml.safe_load(compose.PATH.read_text())
    return document


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """What a generated .env holds."""
    return {name: make() for name, make in VARIABLES.items()}


@pytest.fixture(scope="session")
def composed(variables: dict[str, str]) -> ComposeFile:
    """The file with its variables filled in."""
    return ComposeFile.read(variables)


@pytest.fixture(scope="session")
def airflow_services(composed: ComposeFile) -> dict[str, ComposeService]:
    """The services that run Airflow, init included."""
    return {name: service for name, service in composed.services.items() if name.startswith("airflow-")}
