"""Fetching the file of an import: over http or https only, no larger and no slower than the knobs allow."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import requests

from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.refusals import Refusal, invalid

_CHUNK = 1 << 18
_FORMS = {".json": "json", ".csv": "csv", ".txt": "csv"}
_MEDIA = {"application/json": "json", "text/csv": "csv", "text/plain": "csv"}


def fetch(url: str, target: Path, knobs: Knobs) -> str:
    """Fetch a file and say what it is.

    :param url: where it is; its ending (.json, .csv, .txt), else the answer's media type, decides its form.
    :param target: the file to write.
    :return: ``json`` or ``csv``.
    :raises Refusal: 400 for a URL that is none, an unknown form or a file over the limit; 500, as the
        platform does, when the file cannot be had (api-contract §2.1).
    """
    parts = _split(url)
    suffix = PurePosixPath(unquote(parts)).suffix.lower()
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.max_redirects = 3
            with session.get(url, stream=True, timeout=(5.0, knobs.file_url_timeout_seconds)) as answer:
                answer.raise_for_status()
                media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                form = _FORMS.get(suffix) or _MEDIA.get(media)
                if form is None:
                    raise invalid("fileUrl must lead to a .txt, .csv or .json file")
                _save(answer, target, limit=knobs.file_url_limit_bytes)
                return form
    except requests.RequestException as error:
        raise Refusal(500, "internal_error", "Internal server error") from error


def _split(url: str) -> str:
    """Return the path of a URL that may be fetched."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0:
            return parts.path
    except ValueError:
        pass
    raise invalid("fileUrl is not a valid http or https URL")


def _save(answer: requests.Response, target: Path, *, limit: int) -> None:
    size = 0
    with target.open("wb") as file:
        for chunk in answer.iter_content(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise invalid("The file at fileUrl is too large")
            file.write(chunk)
