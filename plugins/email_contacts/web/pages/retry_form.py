"""The form that starts a retry of an import's rejected rows.

Airflow's own form cannot be opened with values filled in, so this one stands before it. It is checked here as
far as a page can; what the DAG's parameters and the task check is theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from secrets import token_hex
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from fastapi import Request
from starlette.datastructures import UploadFile
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
# When a form was opened, and a random part.
_FORM_ID = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}\+00:00)_[0-9a-f]{16}")
_ENCODED, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


def _new_form_id() -> str:
    return f"{datetime.now(timezone.utc).isoformat(timespec='microseconds')}_{token_hex(8)}"


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

    @property
    def digest(self) -> str:
        """Of its name and content."""
        digest = hashlib.sha256(f"{self.name}\n".encode())
        while block := self.file.read(1 << 20):
            digest.update(block)
        self.file.seek(0)
        return digest.hexdigest()


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
    :param form_id: what tells this form from any other that was opened.
    """

    corrected_file: str = ""
    corrected_rows: str = "all"
    mapping: str = ""
    dry_run: bool = False
    upload: Upload | None = None
    form_id: str = field(default_factory=_new_form_id)

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
        rows, dry_run = fields["corrected_rows"], "dry_run" in fields
        form_id = fields["form_id"]
        return cls(**texts, corrected_rows=rows, dry_run=dry_run, upload=typed.upload, form_id=form_id)

    def run_id(self, conf: Mapping[str, Any]) -> str:
        """Name the run that the form starts: the same for a form that is sent twice, as by a double click.

        A form that was changed, after a dry run for example, is another one.

        :param conf: the parameters of the run, without the upload.
        """
        sent = [self.form_id, *map(repr, conf.values()), self.upload.digest if self.upload else ""]
        digest = hashlib.sha256("\n".join(sent).encode()).hexdigest()[:16]
        opened_at = self.form_id.partition("_")[0]
        return f"manual__{opened_at}_{digest}"

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
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_ENCODED, _PARTS):
        raise HTTPException(400)
    sent = await (_sent_in_parts if kind == _PARTS else _sent_encoded)(request)
    # Without these it is no form of these pages, and defaults would start a retry that nobody asked for.
    if not _FORM_ID.fullmatch(sent.fields.get("form_id", "")) or "corrected_rows" not in sent.fields:
        raise HTTPException(400)
    return sent


async def _sent_in_parts(request: Request) -> Typed:
    length = request.headers.get("content-length", "")
    if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > MAX_UPLOAD + _MAX_BODY:
        raise HTTPException(413)
    form = await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=_MAX_BODY)
    fields = {name: one for name, one in form.multi_items() if isinstance(one, str)}
    files = [one for one in form.values() if isinstance(one, UploadFile) and one.filename]
    return Typed(
        fields, Upload(files[0].filename or "", files[0].size or 0, files[0].file) if files else None
    )


async def _sent_encoded(request: Request) -> Typed:
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
