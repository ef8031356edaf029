"""Every argument that a DAG's author could compute is templated."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import email_contacts.operators
from email_contacts.operators.base import ContactsOperator

# Rows are never rendered; a form must not switch off limits; the others say how the DAG itself runs, or are
# old names of arguments that are templated.
NOT_TEMPLATED = {
    "file_body", "json_body", "restrict_sources", "deferrable", "keep_batches", "patience", "awaited_by",
}  # fmt: skip
FOLDER = Path(email_contacts.operators.__file__).parent


def operators() -> list[type[ContactsOperator]]:
    """Every operator that has a name of its own to be imported by."""
    modules = [
        importlib.import_module(f"email_contacts.operators.{path.stem}")
        for path in sorted(FOLDER.glob("[!_]*.py"))
    ]
    classes = {value for module in modules for value in vars(module).values() if inspect.isclass(value)}
    ours = [kind for kind in classes if issubclass(kind, ContactsOperator)]
    return sorted(ours, key=lambda kind: kind.__name__)


def arguments(operator: type[ContactsOperator]) -> set[str]:
    """The arguments that our classes have, beside Airflow's own."""
    ours = [kind for kind in operator.__mro__ if kind.__module__.startswith("email_contacts.")]
    return {
        name
        for kind in ours
        if "__init__" in vars(kind)
        for name, parameter in inspect.signature(vars(kind)["__init__"]).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def test_all_operators_are_seen() -> None:
    assert len(operators()) >= 15


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.__name__)
def test_what_could_be_computed_is_templated(operator: type[ContactsOperator]) -> None:
    assert "conn_id" in operator.template_fields
    assert arguments(operator) - set(operator.template_fields) <= NOT_TEMPLATED
