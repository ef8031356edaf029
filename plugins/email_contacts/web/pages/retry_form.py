"""The form that starts a retry of an import's rejected rows.

Airflow's own form cannot be opened with values filled in, so this one stands before it. It is checked here as
far as a page can; what the DAG's parameters and the task check is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import Request
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView

DAG_ID = "retry_rejects"
CORRECTED_ROWS = {"all": "all of them", "rejected": "the rejected ones, by their row numbers"}
_MAX_BODY = 64 * 1024
_MAX_TEXT = 2_000


class InvalidForm(ValueError):
    """A field that cannot be sent. The message names it as the form does."""


@dataclass(frozen=True)
class RetryForm:
    """What a person fills in.

    :param corrected_file: empty: the rows are read from the old source.
    :param corrected_rows: which rows of that file.
    :param mapping: the path of a mapping document; empty: as before.
    :param dry_run: whether nothing is to be sent.
    """

    corrected_file: str = ""
    corrected_rows: str = "all"
    mapping: str = ""
    dry_run: bool = False

    @classmethod
    def filled_in(cls, one: ImportView) -> RetryForm:
        """The form as it is opened: as the import was read."""
        mapping = one.receipt.read_as.get("mapping")
        return cls(mapping=mapping if isinstance(mapping, str) else "")

    @classmethod
    def read(cls, typed: Mapping[str, str]) -> RetryForm:
        """Take what was sent."""
        texts = {name: typed.get(name, "").strip() for name in ("corrected_file", "mapping")}
        return cls(**texts, corrected_rows=typed.get("corrected_rows", "all"), dry_run="dry_run" in typed)

    def conf(self, one: ImportView) -> dict[str, Any]:
        """The parameters of the run.

        :raises InvalidForm: when a field cannot be sent.
        """
        if self.corrected_rows not in CORRECTED_ROWS:
            raise InvalidForm("Rows of the corrected file: must be one of those that can be chosen.")
        for label, text in (("Corrected file", self.corrected_file), ("Mapping document", self.mapping)):
            if len(text) > _MAX_TEXT:
                raise InvalidForm(f"{label}: must have at most {_MAX_TEXT:,} characters.")
        if not self.corrected_file and not one.receipt.source_version:
            raise InvalidForm(
                "Corrected file: must be given, because the rows of this source cannot be read again by "
                "their numbers."
            )
        return {
            "receipt": one.address,
            "conn_id": one.conn_id,
            "corrected_file": self.corrected_file or None,
            "corrected_rows": self.corrected_rows,
            "mapping": self.mapping or None,
            "dry_run": self.dry_run,
        }


async def typed(request: Request) -> dict[str, str]:
    """What a form of these pages sent.

    :raises HTTPException: 403 where the request came from another site: the browser says so, and would add
        the cookie all the same.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    return {name: values[-1] for name, values in pairs.items()}
