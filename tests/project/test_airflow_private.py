"""Nothing private of Airflow is used but in a few modules of ``web/``, whose tests run a real API server."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseHook, BaseNotifier, BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "plugins" / "email_contacts"
THE_MODULES = [
    PACKAGE / "web" / name
    for name in ("airflow_core.py", "airflow_history.py", "airflow_access.py", "airflow_runs.py")
]
# What Airflow documents for authors of operators, hooks, triggers and plugins (its "Public Interface" page).
PUBLIC = (
    "airflow.sdk", "airflow.exceptions", "airflow.triggers.base", "airflow.configuration",
    "airflow.plugins_manager", "airflow.listeners", "airflow.providers",
)  # fmt: skip
BASES = (BaseOperator, BaseSensorOperator, BaseHook, BaseTrigger, BaseNotifier, AirflowPlugin)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


# Private attributes of the classes that ours derive from, as instances and classes have them.
PRIVATE = {name for base in BASES for kind in base.__mro__ for name in vars(kind) if is_private(name)}


def modules() -> list[Path]:
    found = [*PACKAGE.rglob("*.py"), *(PROJECT / "dags").glob("*.py")]
    return [path for path in sorted(found) if path not in THE_MODULES]


def private_uses(tree: ast.AST) -> Iterator[str]:
    """What a module imports from Airflow that is not public, and private names of its classes.

    A name that the module itself assigns is its own: other classes may have a ``_log``, too.
    """
    own = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "airflow":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "airflow"]
        else:
            names = []
        for name in names:
            if not name.startswith(PUBLIC) or any(map(is_private, name.split("."))):
                yield name
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in PRIVATE:
            yield node.name
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE - own:
            yield node.attr


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_uses_only_what_airflow_promises(path: Path) -> None:
    assert list(private_uses(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "from airflow.models import TaskInstance",
        "from airflow.sdk._shared import secrets_masker",
        "import airflow.utils.session",
        "class Operator(BaseOperator):\n    def _do_render_template_fields(self): ...",
        "self._lock_for_execution",
    ],
)
def test_a_private_use_is_found(code: str) -> None:
    assert list(private_uses(ast.parse(code)))
