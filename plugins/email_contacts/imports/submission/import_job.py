"""What is to be imported: the request, and what goes with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from email_contacts.imports.submission.batch_rows import rows_of
from email_contacts.imports.submission.batch_sample import BatchSample

if TYPE_CHECKING:
    from email_contacts.api import ImportRequest
    from email_contacts.imports.submission.staged_file import StagedFile


class ImportCallback(Protocol):
    """Where the platform calls when an import has ended, and what is noted for the task that waits for it."""

    @property
    def is_asked_for(self) -> bool:
        """Whether the platform is asked to call."""
        ...

    @property
    def measures_lists(self) -> bool:
        """Whether the growth of the lists is to show the end, so that they are measured before."""
        ...

    def ask(self, nonce: str) -> str | None:
        """Make the address for one sending; None where it cannot be made."""
        ...

    def signals(self, nonce: str, sizes: Mapping[int, int], contacts: int | None) -> Mapping[str, Any]:
        """Note what else can show that the import has ended (``CompletionSignals.to_json``)."""
        ...


@dataclass(frozen=True)
class ImportJob:
    """One import as it was ordered.

    :param request: what to send, without a callback address of this Airflow.
    :param callback: where the platform may call.
    :param staged: the staged file that the platform fetches; None when there is none.
    :param sign: makes an address of that file which is valid from now on; called before each sending, for
        the request may have waited longer than its first address is valid.
    """

    request: ImportRequest
    callback: ImportCallback | None = None
    staged: StagedFile | None = None
    sign: Callable[[], str] | None = field(default=None, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """What makes it this import: SHA-256 of the request's identity, hexadecimal."""
        return fingerprint(self.request.identity())

    @cached_property
    def former_fingerprint(self) -> str:
        """The fingerprint under which an earlier version recorded it."""
        return fingerprint(self.request.former_identity())

    @property
    def batch_fingerprint(self) -> str:
        """SHA-256 of the staged batch, as its manifest has it; empty where nothing was staged."""
        if self.staged is not None:
            return self.staged.fingerprint
        return fingerprint(self.request.prepared) if self.request.prepared is not None else ""

    @property
    def is_harmless_to_repeat(self) -> bool:
        """Whether sending it again changes no data: into lists that exist, with contacts updated."""
        return self.request.update_existing_contacts and self.request.new_list is None

    @property
    def contacts(self) -> int | None:
        """How many contacts it holds; None where that is not known."""
        return self.staged.contacts if self.staged is not None else len(rows_of(self.request)) or None

    @property
    def asks_for_callback(self) -> bool:
        """Whether each sending has its own callback address."""
        return self.callback is not None and self.callback.is_asked_for

    def sample(self) -> BatchSample:
        """Its contacts, to be compared with the platform's."""
        return BatchSample.of(self.request, self.staged)

    def request_for(self, nonce: str) -> ImportRequest:
        """The request of one sending: with its callback address, and an address of the file valid from now.

        :param nonce: of this sending; empty for no callback.
        """
        request = self.request
        if nonce and self.callback is not None:
            request = replace(request, notify_url=self.callback.ask(nonce))
        return replace(request, file_url=self.sign()) if self.sign is not None else request


def fingerprint(body: bytes) -> str:
    """SHA-256 of a request's identity, hexadecimal."""
    return hashlib.sha256(body).hexdigest()
