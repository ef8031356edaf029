"""The rooms import one way, and importing costs what it must and no more."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "plugins" / "email_contacts"

# What each room may import of this package. The rooms of Airflow are the modules beside them.
ALLOWED = {
    "api": {"api"},
    "contacts": {"contacts"},
    "audiences": {"audiences", "contacts"},
    "sandbox": {"sandbox"},
    "imports": {"imports", "api", "contacts"},
    "exports": {"exports", "api", "contacts"},
    "web": {"web", "imports", "contacts", "connection", "trigger"},
}
LOWER_ROOMS = ("api", "contacts", "audiences", "imports", "exports")
HEAVY = (
    "jsonschema",
    "jsonschema_rs",
    "orjson",
    "polars",
    "pyarrow",
    "pandas",
    "numpy",
    "requests",
    "fastapi",
    "uvicorn",
)


def imported(module: Path) -> set[str]:
    """Names of the modules that a file imports, wherever in it it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports do not survive Airflow's plugin loader"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    modules = list((PACKAGE / room).rglob("*.py"))
    assert modules
    for module in modules:
        ours = {name.split(".")[1] for name in imported(module) if name.startswith("email_contacts.")}
        assert ours <= ALLOWED[room], f"{module.relative_to(PROJECT)} imports {ours - ALLOWED[room]}"


@pytest.mark.parametrize("room", [*LOWER_ROOMS, "sandbox"])
def test_a_room_without_airflow_never_names_it(room: str) -> None:
    for module in (PACKAGE / room).rglob("*.py"):
        named = {name.split(".")[0] for name in imported(module)}
        assert "airflow" not in named, module.relative_to(PROJECT)


def test_only_modules_of_the_web_room_that_say_so_touch_airflow() -> None:
    """One for the callbacks, one for the pages: whatever is not public API of Airflow stands there."""
    for module in (PACKAGE / "web").rglob("*.py"):
        named = {name.split(".")[0] for name in imported(module)}
        allowed = {"airflow_access", "airflow_core", "airflow_history", "airflow_runs"}
        assert ("airflow" in named) == (module.stem in allowed), module.relative_to(PROJECT)


def test_the_plugin_brings_no_server_into_a_worker() -> None:
    """Every process of Airflow loads the plugin; what the API server serves is loaded there only."""
    plugin = PROJECT / "plugins" / "email_contacts_plugin.py"
    alone = loaded_modules("import airflow.plugins_manager")
    gained = loaded_modules(f"import runpy; runpy.run_path({str(plugin)!r})") - alone
    assert not [name for name in gained if name.startswith(("fastapi", "starlette", "airflow.models"))]
    ours = {name for name in gained if name.startswith("email_contacts")}
    web = {"email_contacts.web", "email_contacts.web.connection_test", "email_contacts.web.lazy"}
    assert ours <= {"email_contacts", "email_contacts.plugin", "email_contacts.failure_report", *web}


def test_contacts_sends_nothing() -> None:
    for module in (PACKAGE / "contacts").rglob("*.py"):
        named = {name.split(".")[0] for name in imported(module)}
        assert not named & {"requests", "urllib3", "http", "httpx", "socket"}, module.relative_to(PROJECT)


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    return {name.split(".")[0] for name in loaded_modules(statement)}


def loaded_modules(statement: str) -> set[str]:
    """All modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    return set(json.loads(output_of(code)))


def output_of(code: str) -> str:
    """Last line that a fresh interpreter prints, which has this package and an Airflow home of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={
            "PYTHONPATH": f"{PROJECT / 'plugins'}",
            "PATH": "/usr/bin:/bin",
            "AIRFLOW_HOME": str(Path(tempfile.gettempdir()) / "airflow-of-test-layers"),
        },
    )
    return done.stdout.splitlines()[-1]


def test_importing_the_package_costs_nothing() -> None:
    gained = loaded_by("import email_contacts") - loaded_by("pass")
    assert gained <= {"email_contacts", "__future__"}


def test_the_provider_entry_point_loads_no_airflow() -> None:
    gained = loaded_by("from email_contacts.provider import get_provider_info; get_provider_info()")
    assert not gained & {"airflow", *HEAVY}


DAGS = sorted(path.stem for path in (PROJECT / "dags").glob("*.py"))
# A fresh interpreter for each would import Airflow again and again; these are forks of one that has.
PARSE = f"""
import json, os, sys
sys.path.insert(0, {str(PROJECT / "dags")!r})
import airflow.sdk

def parsed(name):
    receiving, sending = os.pipe()
    if os.fork():
        os.close(sending)
        with open(receiving) as pipe:
            answer = json.load(pipe)
        os.wait()
        return answer
    before = set(sys.modules)
    __import__(name)
    with open(sending, "w") as pipe:
        json.dump(sorted(set(sys.modules) - before), pipe)
    os._exit(0)

# What Airflow itself loads for operators, sensors and triggers is Airflow's to bear.
from airflow.sdk import *
from airflow.sdk.log import mask_secret
from airflow.triggers.base import BaseTrigger
with DAG("d"):
    BaseOperator(task_id="t")
print(json.dumps({{name: parsed(name) for name in {DAGS!r}}}))
"""
Parsed = dict[str, list[str]]


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    """Of each file of DAGs: the modules that it loads over ``airflow.sdk``. Time is for benchmarks."""
    found: Parsed = json.loads(output_of(PARSE))
    return found


@pytest.mark.parametrize("dag", DAGS)
def test_parsing_a_dag_loads_nothing_heavy(parsed: Parsed, dag: str) -> None:
    gained = {name.split(".")[0] for name in parsed[dag]}
    assert "email_contacts" in gained
    assert not gained & set(HEAVY), gained & set(HEAVY)
