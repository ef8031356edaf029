"""The form that starts a retry of an import's rejected rows.

Airflow's own form cannot be opened with values filled in, so this one stands before it. It is checked here as
far as a page can; what the DAG's parameters and the task check is theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from email_contacts.web.pages.reject_lists import HEADER

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView

DAG_ID = "retry_rejects"
PATH_LABEL = "Path of the corrected file"
CORRECTED_ROWS = {"all": "all of them", "rejected": "the rejected ones, by their row numbers"}
# Of a file that is sent with the form; larger ones lie in a bucket.
MAX_UPLOAD = 20 << 20
_MAX_BODY = 64 * 1024
_MAX_TEXT, _MAX_FIELDS, _HEADER_BYTES = 2_000, 20, 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class InvalidForm(ValueError):
    """A field that cannot be sent. The message names it as the form does."""


class Upload(NamedTuple):
    """A file that a person sent with the form.

    :param name: on the person's computer.
    :param size: in bytes.
    """

    name: str
    size: int
    file: IO[bytes]

    @property
    def is_reject_list(self) -> bool:
        """Whether it is a list of rejected rows as these pages give it, also saved again by a spreadsheet."""
        line = self.file.readline(_HEADER_BYTES).decode("utf-8-sig", "replace")
        self.file.seek(0)
        return [cell.strip(' "\r\n') for cell in re.split("[,;\t]", line)] == HEADER


class Typed(NamedTuple):
    """What a form sent: its fields, and the file, if one was chosen."""

    fields: Mapping[str, str]
    upload: Upload | None = None


@dataclass(frozen=True)
class RetryForm:
    """What a person fills in.

    :param corrected_file: its path or address; with no upload either, the rows are read from the old source.
    :param corrected_rows: which rows of that file.
    :param mapping: the path of a mapping document; empty: as before.
    :param dry_run: whether nothing is to be sent.
    :param upload: the corrected file itself.
    """

    corrected_file: str = ""
    corrected_rows: str = "all"
    mapping: str = ""
    dry_run: bool = False
    upload: Upload | None = None

    @classmethod
    def filled_in(cls, one: ImportView) -> RetryForm:
        """The form as it is opened: as the import was read."""
        mapping = one.receipt.read_as.get("mapping")
        return cls(mapping=mapping if isinstance(mapping, str) else "")

    @classmethod
    def read(cls, typed: Typed) -> RetryForm:
        """Take what was sent."""
        fields = typed.fields
        texts = {name: fields.get(name, "").strip() for name in ("corrected_file", "mapping")}
        rows, dry_run = fields.get("corrected_rows", "all"), "dry_run" in fields
        return cls(**texts, corrected_rows=rows, dry_run=dry_run, upload=typed.upload)

    def conf(self, one: ImportView) -> dict[str, Any]:
        """The parameters of the run.

        :raises InvalidForm: when a field cannot be sent.
        """
        if self.corrected_rows not in CORRECTED_ROWS:
            raise InvalidForm("Rows of the corrected file: must be one of those that can be chosen.")
        for label, text in ((PATH_LABEL, self.corrected_file), ("Mapping document", self.mapping)):
            if len(text) > _MAX_TEXT:
                raise InvalidForm(f"{label}: must have at most {_MAX_TEXT:,} characters.")
            if _CONTROL.search(text):
                raise InvalidForm(f"{label}: must not have control characters, such as line breaks.")
        if self.upload and self.corrected_file:
            raise InvalidForm(f"Corrected file: choose a file or fill in {PATH_LABEL}, not both.")
        if self.upload and not 0 < self.upload.size <= MAX_UPLOAD:
            raise InvalidForm("Corrected file: must not be empty, and have at most 20 MB.")
        if self.upload and self.upload.is_reject_list:
            raise InvalidForm(
                "Corrected file: this is the list of rejected rows, which has masked values only. Correct "
                "the rows that it names in your copy of the source, and send that."
            )
        if not self.upload and not self.corrected_file and not one.receipt.source_version:
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


async def typed(request: Request) -> Typed:
    """What a form of these pages sent.

    :raises HTTPException: 403 where the request came from another site: the browser says so, and would add
        the cookie all the same. 413 for more than the form takes, and 400 for what is no form.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        length = request.headers.get("content-length", "")
        if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > MAX_UPLOAD + _MAX_BODY:
            raise HTTPException(413)
        form = await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_BODY)
        return _of_parts(form)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    try:
        pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400) from error
    return Typed({name: values[-1] for name, values in pairs.items()})


def _of_parts(form: FormData) -> Typed:
    fields = {name: one for name, one in form.multi_items() if isinstance(one, str)}
    files = [one for one in form.values() if isinstance(one, UploadFile) and one.filename]
    return Typed(
        fields, Upload(files[0].filename or "", files[0].size or 0, files[0].file) if files else None
    )
