"""What can show that an import ended where the platform does not show its processes.

Collected when the import is submitted, for afterwards it is too late: the sizes of its lists before it, and
the nonce of the callback that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CompletionSignals:
    """What was noted of one import when it was submitted. No personal data.

    :param task: the submitting task instance: DAG id, run id, task id, map index (-1: not mapped).
    :param nonce: names the callback that was asked for; empty: none was.
    :param list_sizes: list id → contacts on it before the import (``uniqueSubscribers``, api-contract §1.6).
    :param contacts: how many contacts the import holds; None: unknown, as for a file by its address.
    :param since: when it was submitted, ISO 8601 in UTC.
    """

    task: tuple[str, str, str, int]
    nonce: str = ""
    list_sizes: Mapping[int, int] = field(default_factory=dict)
    contacts: int | None = None
    since: str = ""

    @classmethod
    def none(cls) -> CompletionSignals:
        """Stand for an import of which nothing was noted."""
        return cls(task=("", "", "", -1))

    @property
    def can_be_called(self) -> bool:
        """Whether a callback was asked for."""
        return bool(self.nonce)

    @property
    def can_grow(self) -> bool:
        """Whether the lists can show the end."""
        return bool(self.contacts and self.list_sizes and self.since)

    def to_json(self) -> dict[str, Any]:
        """A JSON document; list ids become strings, as JSON wants them."""
        return {
            "task": list(self.task),
            "nonce": self.nonce,
            "list_sizes": {str(list_id): size for list_id, size in self.list_sizes.items()},
            "contacts": self.contacts,
            "since": self.since,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CompletionSignals:
        """Read what :meth:`to_json` made.

        :raises ValueError: when it is something else; LookupError and TypeError count as that.
        """
        try:
            dag_id, run_id, task_id, map_index = document["task"]
            contacts = document["contacts"]
            return cls(
                task=(str(dag_id), str(run_id), str(task_id), int(map_index)),
                nonce=str(document["nonce"]),
                list_sizes={int(list_id): int(size) for list_id, size in document["list_sizes"].items()},
                contacts=None if contacts is None else int(contacts),
                since=str(document["since"]),
            )
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"this is not the evidence of an import: {sorted(document)}") from error
