"""Python environments with Airflow and without this project, made from the one that runs the tests."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("airflow_provider_email_contacts", "__editable__")


@dataclass(frozen=True)
class Environment:
    """A virtual environment with everything that is installed here but this project."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @classmethod
    def make(cls, folder: Path) -> Environment:
        """Make one: packages are linked, so that it takes neither time nor the network."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        made = cls(folder)
        (packages,) = folder.glob("lib/python3.*/site-packages")
        for package in Path(sysconfig.get_path("purelib")).iterdir():
            if not package.name.startswith(OURS):
                (packages / package.name).symlink_to(package)
        script = (Path(sys.executable).parent / "airflow").read_text().splitlines()
        airflow = made.python.with_name("airflow")
        airflow.write_text("\n".join([f"#!{made.python}", *script[1:]]))
        airflow.chmod(0o755)
        return made

    def install(self, wheel: Path) -> None:
        """Install a wheel, and nothing that it depends on."""
        options = ["--quiet", "--offline", "--no-deps", "--python", str(self.python)]
        subprocess.run([uv(), "pip", "install", *options, str(wheel)], check=True)


def uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout; uv builds it by itself, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv(), "build", "--quiet", "--offline", "--wheel", "--out-dir", str(folder), str(PROJECT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    """Makes environments that are removed with the session."""
    return lambda: Environment.make(tmp_path_factory.mktemp("environment") / "venv")
