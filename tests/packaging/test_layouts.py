"""The ways in which the package gets into an Airflow: each brings its plugin once, and no import error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import PROJECT, Environment

LOOK = """
import json
import email_contacts
from airflow import plugins_manager
from airflow.providers_manager import ProvidersManager
ours = [each for each in plugins_manager._get_plugins()[0] if each.name == "email_contacts"]
print("SEEN" + json.dumps({
    "package": email_contacts.__file__,
    "plugins": [each.__module__ for each in ours],
    "apps": [app["url_prefix"] for each in ours for app in each.fastapi_apps],
    "import_errors": plugins_manager.get_import_errors(),
    "form": sorted(ProvidersManager().field_behaviours.get("email_contacts", {})),
}))
"""


def seen_by(
    environment: Environment, home: Path, *, plugins: Path, path: str = "", **more: str
) -> dict[str, Any]:
    """What a process of an Airflow sees of the package."""
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "PYTHONPATH": path,
        **more,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [environment.python, "-c", LOOK],
        cwd=home,
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SEEN")]
    seen: dict[str, Any] = json.loads(line.removeprefix("SEEN"))
    return seen


@pytest.fixture(scope="session")
def bare(make_environment: Callable[[], Environment]) -> Environment:
    return make_environment()


@pytest.fixture(scope="session")
def with_wheel(make_environment: Callable[[], Environment], wheel: Path) -> Environment:
    environment = make_environment()
    environment.install(wheel)
    return environment


def check(seen: dict[str, Any]) -> None:
    assert seen["import_errors"] == {}
    assert seen["plugins"] == ["email_contacts.plugin"]
    assert sorted(seen["apps"]) == ["/email-contacts", "/email-contacts/imports"]


@pytest.mark.parametrize("lazy", ["True", "False"])
def test_the_wheel_alone(with_wheel: Environment, tmp_path: Path, lazy: str) -> None:
    """Also where Airflow is set to discover providers at its start, and takes plugins from them."""
    seen = seen_by(
        with_wheel,
        tmp_path,
        plugins=tmp_path / "plugins",
        AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS=lazy,
    )
    check(seen)
    assert Path(seen["package"]).is_relative_to(with_wheel.folder)
    assert seen["form"]


def test_the_wheel_beside_a_copied_folder(with_wheel: Environment, tmp_path: Path) -> None:
    plugins = copied(tmp_path)
    check(seen_by(with_wheel, tmp_path, plugins=plugins))
    check(seen_by(with_wheel, tmp_path, plugins=plugins, path=str(plugins)))


def test_the_copied_folder_alone(bare: Environment, tmp_path: Path) -> None:
    plugins = copied(tmp_path)
    seen = seen_by(bare, tmp_path, plugins=plugins, path=str(plugins))
    check(seen)
    assert Path(seen["package"]).is_relative_to(plugins)


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT / "plugins", tmp_path / "plugins"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    package = PROJECT / "plugins"
    files = {
        str(path.relative_to(package))
        for path in (package / "email_contacts").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == files
    assert {name.rpartition("/")[2] for name in names if ".dist-info/" in name} >= {
        "METADATA",
        "entry_points.txt",
        "LICENSE",
    }
