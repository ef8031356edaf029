"""The platform in memory, on a clock of its own: as fast as random histories need it.

Behind the client's interface, with the sandbox's semantics: an import is accepted, runs later, and updates
contacts in the order of its rows; other people import, export and change contacts meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from email_contacts.api import ImportRequest, NotFound, Process
from email_contacts.api.answers import Attribute, Page

BEGAN_MS = 1_795_000_000_000


@dataclass
class Contact:
    """A contact of the account."""

    number: int
    email: str
    created_ms: int
    modified_ms: int = 0
    values: dict[str, str] = field(default_factory=dict)
    lists: set[int] = field(default_factory=set)

    def shown(self) -> dict[str, Any]:
        """As the platform shows it."""
        return {
            "id": self.number,
            "email": self.email,
            "attributes": dict(self.values),
            "listIds": sorted(self.lists),
            "createdAt": written(self.created_ms),
            "modifiedAt": written(self.modified_ms),
        }


@dataclass(frozen=True)
class Effect:
    """What an import left of one contact, and when."""

    at_ms: int
    email: str
    values: Mapping[str, str]
    lists: frozenset[int]


@dataclass
class Job:
    """A process of the account; of an export there is no request."""

    number: int
    request: ImportRequest | None
    status: str = "queued"


def written(moment_ms: int) -> str:
    """As the platform writes instants: to the millisecond."""
    return datetime.fromtimestamp(moment_ms / 1000, timezone.utc).isoformat(timespec="milliseconds")


class ModelPlatform:
    """One account. Stands for the client as well."""

    def __init__(self) -> None:
        self.now_ms = BEGAN_MS
        self.contacts: dict[str, Contact] = {}
        self.jobs: list[Job] = []
        self.effects: list[Effect] = []
        #: Called with each request of ours; returns the answer or raises.
        self.receive: Callable[[ImportRequest], int] = self.accept

    def tick(self) -> str:
        """Let time pass, and tell it."""
        self.now_ms += 7
        return written(self.now_ms)

    def accept(self, request: ImportRequest | None) -> int:
        """Begin a process: an import, or without a request an export."""
        self.tick()
        self.jobs.append(Job(len(self.jobs) + 1, request, "queued" if request else "completed"))
        return len(self.jobs)

    def run(self, job: Job, *, fails_after: int | None = None) -> None:
        """Run an import to its end.

        :param fails_after: rows after which it fails; None: it completes.
        """
        if job.request is None or job.status != "queued":
            return
        for row in (job.request.json_body or ())[:fails_after]:
            self._apply(job.request, row)
        job.status = "completed" if fails_after is None else "failed"

    def run_all(self) -> None:
        """Run all imports to their end."""
        for job in self.jobs:
            self.run(job)

    def touch(self, email: str, list_id: int) -> None:
        """Somebody puts a contact on a list."""
        self.tick()
        contact = self._contact(email)
        contact.lists.add(list_id)
        contact.modified_ms = self.now_ms

    def _contact(self, email: str) -> Contact:
        return self.contacts.setdefault(email, Contact(len(self.contacts) + 1, email, self.now_ms))

    def _apply(self, request: ImportRequest, row: Mapping[str, Any]) -> None:
        self.tick()
        is_new = row["email"] not in self.contacts
        contact = self._contact(row["email"])
        joins = not set(request.list_ids) <= contact.lists
        contact.lists |= set(request.list_ids)
        if is_new or request.update_existing_contacts:
            contact.values |= row["attributes"]
        if is_new or joins or request.update_existing_contacts:
            contact.modified_ms = self.now_ms
        self.effects.append(
            Effect(self.now_ms, contact.email, dict(contact.values), frozenset(contact.lists))
        )

    # What the submission room asks of the client.

    def import_contacts(self, request: ImportRequest, *, before_last_byte: Callable[[], None]) -> int:
        self.tick()
        before_last_byte()
        return self.receive(request)

    def processes(self, *, limit: int, offset: int = 0) -> Page[Process]:
        self.tick()
        shown = [self._process(job) for job in reversed(self.jobs)]
        return Page(tuple(shown[offset : offset + limit]), len(shown))

    def process(self, process_id: int) -> Process:
        self.tick()
        return self._process(self.jobs[process_id - 1])

    def attributes(self) -> Sequence[Attribute]:
        return (Attribute("FIRSTNAME", "normal", "text"), Attribute("CITY", "normal", "text"))

    def list_contacts(
        self, list_id: int, *, limit: int, offset: int, sort: str, modified_since: str
    ) -> Page[dict[str, Any]]:
        assert sort == "asc"
        self.tick()
        since = written(int(datetime.fromisoformat(modified_since).timestamp()) * 1000)
        listed = [one for one in self.contacts.values() if list_id in one.lists]
        shown = [one.shown() for one in listed if written(one.modified_ms) >= since]
        return Page(tuple(shown[offset : offset + limit]), len(listed))

    def get_contact(self, identifier: str, *, identifier_type: str) -> dict[str, Any]:
        assert identifier_type == "email_id"
        self.tick()
        if identifier not in self.contacts:
            raise NotFound("Contact does not exist")
        return self.contacts[identifier].shown()

    def _process(self, job: Job) -> Process:
        return Process(job.number, "IMPORTUSER" if job.request else "CONTACT_EXPORT", job.status)
