"""Keeping what identifies a person out of Airflow's log and out of the rendered fields of its UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.log import mask_secret


@dataclass(frozen=True)
class Personal:
    """A rendered value that is never shown.

    Masking alone would not do: Airflow's masker passes short words, such as a first name, and numbers.
    """

    value: Any = field(repr=False)

    def serialize(self) -> str:
        """What Airflow stores as the rendered field."""
        return "***"


def hidden(value: Any) -> Any:
    """Mask a rendered value in the log from now on, and hide it; nothing stays nothing."""
    if isinstance(value, Personal) or value in (None, "", (), [], {}):
        return value
    for text in _strings(value):
        mask_secret(text)
    return Personal(value)


def shown(value: Any) -> Any:
    """Take a value that may have been hidden."""
    return value.value if isinstance(value, Personal) else value


def _strings(value: Any) -> Iterator[str]:
    """Every string within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _strings(one)
