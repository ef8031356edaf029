"""The Makefile where people have their checkouts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# Rooms whose tests run no Airflow, and the tests of the project itself.
QUICK = ("api", "audiences", "contacts", "exports", "imports", "sandbox", "project")
PARTS = ("Makefile", "pyproject.toml", "README.md", "LICENSE", "requirements.txt", "requirements.lock")


def test_setup_works_in_a_folder_whose_name_is_not_ascii_without_a_locale(tmp_path: Path) -> None:
    checkout = tmp_path / "Prüfung für Noël"
    shutil.copytree(
        PROJECT / "plugins", checkout / "plugins", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    for part in PARTS:
        shutil.copy(PROJECT / part, checkout)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    (checkout / ".venv" / "bin" / "uv").symlink_to(Path(sys.executable).parent / "uv")
    (checkout / ".venv" / ".uv").touch()
    environment = {**os.environ, "LC_ALL": "C"}

    # Without the requirements, which need the network; what is installed of the project itself is the same.
    made = ["make", "--no-print-directory", "setup", "REQUIREMENTS=--no-deps --offline"]
    subprocess.run(made, cwd=checkout, env=environment, check=True)

    done = subprocess.run(
        [checkout / ".venv" / "bin" / "python", "-c", "import email_contacts as e; print(ascii(e.__file__))"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ascii(str(checkout / "plugins" / "email_contacts" / "__init__.py"))


def commands(target: str) -> list[str]:
    """The commands that a target runs pytest with."""
    dry = ["make", "--dry-run", "--no-print-directory", target]
    said = subprocess.run(dry, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if "-m pytest" in line]


def test_check_runs_each_test_of_the_rooms_without_airflow_once_and_generates_less() -> None:
    parts = []
    for command in commands("check"):
        assert command.startswith("TEST_AMOUNT=quick ")
        words = command.split()
        ignored = [word.removeprefix("--ignore=") for word in words if word.startswith("--ignore=")]
        named = [word for word in words if word.startswith("tests/")]
        parts += [path for path in files_below(*named) if path not in files_below(*ignored)]
    assert sorted(parts) == sorted(files_below(*(f"tests/{room}" for room in QUICK)))


def files_below(*folders: str) -> list[Path]:
    """The files of tests in these folders."""
    found = [path for folder in folders for path in (PROJECT / folder).rglob("test_*.py")]
    assert all((PROJECT / folder).is_dir() for folder in folders)
    return found


def test_test_runs_everything() -> None:
    *compiling, command = commands("test")
    assert all("--collect-only" in one for one in compiling)
    assert "--collect-only" not in command
    assert "TEST_AMOUNT" not in command
    assert "tests/" not in command


def test_python_keeps_what_it_compiles() -> None:
    made = ["make", "--no-print-directory", "--eval", "show: ; @env", "show"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(made, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert "PATH=" in run.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in run.stdout
