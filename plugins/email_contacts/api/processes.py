"""The platform's background jobs: what they say of themselves (api-contract §2.3).

Knows statuses and reports; must not import anything that sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from email_contacts.api import fields

IMPORT_PROCESS = "IMPORTUSER"
RUNNING_STATUSES = frozenset({"queued", "in_process", "processing"})
FAILED_STATUSES = frozenset({"failed", "cancelled"})
COMPLETED_STATUSES = frozenset({"completed"})
DOCUMENTED_STATUSES = RUNNING_STATUSES | FAILED_STATUSES | COMPLETED_STATUSES

_WORD = re.compile(r"[A-Za-z_ -]{1,60}").fullmatch


@dataclass(frozen=True)
class Process:
    """A background job of the platform (api-contract §2.3).

    ``completed`` does not say that every row arrived: look at :attr:`rejects`, and at the list.

    :param name: what kind of job; imports are ``IMPORTUSER``.
    :param info: the platform's report, as it came; ``{}`` when there is none.
    :param export_url: where an export can be fetched. Kept out of ``repr``, as ``info`` is: such URLs
        give access to personal data.
    """

    id: int
    name: str
    status: str
    info: Mapping[str, Any] = field(default_factory=dict, repr=False)
    export_url: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, document: Any) -> Process:
        """Read one process."""
        info = fields.field(document, "info", default=None)
        export_url = document.get("export_url")
        return cls(
            id=fields.identifier(document, "id"),
            name=_word(fields.text(document, "name"), "undocumented name"),
            status=_word(fields.text(document, "status"), "undocumented status"),
            info=info if isinstance(info, dict) else {},
            export_url=export_url if isinstance(export_url, str) else None,
        )

    @property
    def is_import(self) -> bool:
        """Whether it is an import of contacts."""
        return self.name == IMPORT_PROCESS

    @property
    def is_documented(self) -> bool:
        """Whether any source documents this status."""
        return self.status in DOCUMENTED_STATUSES

    @property
    def is_completed(self) -> bool:
        """Whether it came to its end; some rows may still have been rejected."""
        return self.status in COMPLETED_STATUSES

    @property
    def has_failed(self) -> bool:
        """Whether it stopped without coming to its end."""
        return self.status in FAILED_STATUSES

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.is_completed or self.has_failed

    @property
    def is_running(self) -> bool:
        """Whether to wait on. An undocumented status counts as running (api-contract §2.3)."""
        return not self.is_finished

    @property
    def rejects(self) -> dict[str, int | str]:
        """Why rows of an import were rejected: reason to a count, or to the URL of a CSV report.

        Reasons without rows are left out. A value that is neither count nor URL is described by its type, as
        dropping it would hide rejected rows; a reason that is not a word is numbered, as it may be anything.
        """
        report = self.info.get("import")
        if not isinstance(report, dict):
            return {}
        return {
            _word(reason, f"undocumented reason {number}"): value
            if isinstance(value, str) or fields.is_count(value)
            else f"undocumented {type(value).__name__}"
            for number, (reason, value) in enumerate(report.items(), start=1)
            if value
        }


def _word(text: str, otherwise: str) -> str:
    """Take a term of the platform, which goes into logs and receipts; all else is not shown."""
    return text if _WORD(text) else otherwise
