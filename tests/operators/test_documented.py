"""Every argument of an operator is in its docstring, which is where Airflow users look."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.provider import OPERATORS
from email_contacts.sensor import ImportCompletedSensor

MODULES = [importlib.import_module(f"email_contacts.operators.{name}") for name in OPERATORS]
PUBLIC = sorted(
    {
        one
        for module in MODULES
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, ContactsOperator) and one.__module__ == module.__name__
    },
    key=lambda one: one.__name__,
)


def documented(kind: type) -> set[str]:
    return set(re.findall(r":param (\w+):", inspect.getdoc(kind) or ""))


def arguments(kind: type) -> set[str]:
    """What this package's constructors take; the other arguments are Airflow's."""
    ours = [base for base in kind.__mro__ if base.__module__.startswith("email_contacts.")]
    taken = {name for base in ours if "__init__" in vars(base) for name in inspect.signature(base).parameters}
    return taken - {"self", "kwargs", "conn_id"}


@pytest.mark.parametrize("kind", [*PUBLIC, ImportCompletedSensor], ids=lambda kind: kind.__name__)
def test_every_argument_is_documented(kind: type) -> None:
    known = documented(kind)
    if f":class:`{PrepareContactsOperator.__name__}`" in (inspect.getdoc(kind) or ""):
        known |= documented(PrepareContactsOperator)
    assert len(PUBLIC) > 20
    assert arguments(kind) - known == set()
