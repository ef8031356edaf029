"""An export that is killed at any step: the watermark is never ahead, and what follows is whole.

A killed process does nothing more: from the step on at which it dies every further one of it fails, those
that would clean up too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest

from email_contacts.exports import aside, destination, export
from email_contacts.sandbox import SandboxServer
from tests.exports.warehouse import Warehouse, change, let_a_day_pass, read

CONTACTS = 30


class Killed(BaseException):
    """The end of a process, which no code can handle."""


class Life:
    """Counts the steps of a process, and ends it at one of them.

    :param steps: how many it has.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.taken: list[str] = []

    def step(self, name: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed(name)
        self.taken.append(name)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, at whose beginning and end the process may die."""

        def stepping(*arguments: Any, **named: Any) -> Any:
            self.step(f"before {function.__name__}")
            result = function(*arguments, **named)
            self.step(f"after {function.__name__}")
            return result

        return stepping


def live(warehouse: Warehouse, life: Life, **arguments: Any) -> bool:
    """Export in a process that may die.

    :return: whether it came to its end.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(export, "_CONTACTS_AT_ONCE", 10)
        for module, name in [
            (aside, "remove"),
            (destination, "remove"),
            (destination, "take_place"),
            (export, "contacts_table"),
        ]:
            patched.setattr(module, name, life.around(getattr(module, name)))
        patched.setattr(warehouse.store, "set", life.around(warehouse.store.set), raising=False)
        walk = warehouse.client.iter_contacts

        def walked(**filters: Any) -> Iterator[Any]:
            for number, contact in enumerate(walk(**filters)):
                if number % 10 == 5:
                    life.step("within the sweep")
                yield contact

        patched.setattr(warehouse.client, "iter_contacts", walked)
        try:
            warehouse.export(**arguments)
        except Killed:
            return False
    return True


def committed(warehouse: Warehouse) -> tuple[Any, Any]:
    """What the state store says is done."""
    (entry,) = (entry for key, entry in warehouse.store.items() if key.startswith("watermark/"))
    return entry.get("watermark"), entry.get("manifest_uri")


@pytest.mark.parametrize("next_run", ["run-1", "run-2"], ids=["retried", "followed by the next run"])
@pytest.mark.parametrize("is_second", [False, True], ids=["after nothing", "after one that was killed"])
def test_killed_at_each_step(
    is_second: bool, next_run: str, warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    sandbox.seed_contacts(CONTACTS)
    warehouse.export()
    for number in count():
        let_a_day_pass(sandbox)
        warehouse.export()
        change(sandbox, *range(1 + number % 3, CONTACTS + 1))
        if is_second:
            assert not live(warehouse, Life(12))  # its manifest is there
        before = committed(warehouse)
        life = Life(number)
        has_ended = live(warehouse, life)
        after = committed(warehouse)
        if after != before:  # done: then all of it is there, also where it died directly afterwards
            assert warehouse.manifests[-1]["until"] == after[0]
            assert points(warehouse.contacts().values()) == points(warehouse.client.iter_contacts())
        for manifest in warehouse.manifests:  # what a reader takes for complete is complete
            for name, file in manifest["files"].items():
                assert len(read(file["uri"])) == manifest[name]
        warehouse.export(run=next_run)
        assert points(warehouse.contacts().values()) == points(warehouse.client.iter_contacts())
        assert warehouse.files() == {
            file["uri"] for manifest in warehouse.manifests for file in manifest["files"].values()
        }
        assert not list((warehouse.path / "_incomplete").iterdir())
        if has_ended:
            break
    assert ("before remove" in life.taken) == is_second
    assert {"before set", "before contacts_table", "within the sweep", "after take_place"} <= set(life.taken)
    assert number == len(life.taken) >= 15


def points(contacts: Iterable[dict[str, Any]]) -> dict[int, int]:
    """What is known of each contact; when it was modified is not, as days pass in a moment here."""
    return {contact["id"]: contact["attributes"]["POINTS"] for contact in contacts}
