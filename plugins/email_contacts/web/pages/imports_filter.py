"""What the list of imports is narrowed to, read from the address of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from email_contacts.imports.history import keys_between
from email_contacts.imports.verification.verdict import STATES

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView
    from email_contacts.web.pages.progress import Progress

MAX_TEXT = 200
# Besides the states of a verdict, that of an import that has none yet.
RUNNING = "running"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PLAIN = re.compile(r"[\w .:/+@-]+", re.ASCII)


class InvalidFilter(ValueError):
    """A filter that cannot be meant; the message names the field as the form does."""


@dataclass(frozen=True)
class ImportsFilter:
    """Which imports are listed; empty fields narrow nothing.

    :param text: part of source, DAG, run, list name or receipt id, or a whole process id.
    :param list: a list's id, or a part of its name.
    :param state: one of ``STATES`` of a verdict, or ``RUNNING``.
    :param first_day: ``YYYY-MM-DD``, UTC.
    :param last_day: it belongs to what is listed.
    """

    text: str = ""
    list: str = ""
    state: str = ""
    first_day: str = ""
    last_day: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> ImportsFilter:
        """Read the form's fields.

        :raises InvalidFilter: naming the first field that is wrong.
        """
        state = query.get("state", "")
        if state and state not in (RUNNING, *STATES):
            raise InvalidFilter(f"State: must be one of {', '.join((RUNNING, *STATES))}")
        return cls(
            text=query.get("text", "").strip()[:MAX_TEXT],
            list=query.get("list", "").strip()[:MAX_TEXT],
            state=state,
            first_day=_day(query.get("from", ""), "From"),
            last_day=_day(query.get("to", ""), "To"),
        )

    @property
    def is_empty(self) -> bool:
        """Whether it narrows nothing."""
        return not any((self.text, self.list, self.state, self.first_day, self.last_day))

    def keys(self) -> tuple[str, str]:
        """The range of keys of the history that it allows."""
        return keys_between(self.first_day, self.last_day)

    @property
    def parts(self) -> tuple[str, ...]:
        """Texts of which each occurs in what is stored of an import that is listed.

        JSON writes other characters than these in another way.
        """
        return tuple(part for part in (self.text, self.list, self.state) if _PLAIN.fullmatch(part))

    def asks_for_list(self, list_id: int, name: str) -> bool:
        """Whether a list is asked for by its id, or by a part of its name."""
        return bool(self.list) and (self.list == str(list_id) or _in(self.list, name))

    def allows(self, one: ImportView) -> bool:
        """Whether an import is listed, as far as its day is in the range."""
        return (
            self.state in ("", one.state)
            and (not self.list or any(self.asks_for_list(it.id, it.name) for it in one.lists))
            and (
                not self.text
                or self.text in map(str, one.process_ids)
                or any(_in(self.text, field) for field in one.searched)
            )
        )

    def allows_running(self, one: Progress) -> bool:
        """Whether an import that runs now is listed; it has not ended on any day."""
        names = (one.source_name, one.run.dag_id, one.run.run_id, *(name for _, name in one.lists))
        return (
            self.state in ("", RUNNING)
            and not (self.first_day or self.last_day)
            and (not self.list or any(self.asks_for_list(*it) for it in one.lists))
            and (
                not self.text
                or self.text in map(str, one.process_ids)
                or any(_in(self.text, name) for name in names)
            )
        )

    def query(self, **more: str) -> str:
        """The address that asks for it again.

        :param more: further parameters.
        """
        fields = {
            "text": self.text,
            "list": self.list,
            "state": self.state,
            "from": self.first_day,
            "to": self.last_day,
            **more,
        }
        return urlencode({name: value for name, value in fields.items() if value})


def _day(text: str, field: str) -> str:
    if not (text := text.strip()):
        return ""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InvalidFilter(f"{field}: must be a date such as 2026-11-28") from error


def _in(part: str, text: str) -> bool:
    return part.lower() in text.lower()
