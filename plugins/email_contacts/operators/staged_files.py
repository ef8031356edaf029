"""Staged files as the platform gets them: by an address that opens one of them for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from airflow.sdk.log import mask_secret

from email_contacts.arguments import InvalidArgument
from email_contacts.imports.submission.batch_rows import CSV_SUFFIX

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.imports.submission.staged_file import StagedFile

MIN_EXPIRES = 60
MAX_EXPIRES = 7 * 24 * 3600  # as long as S3 lets a signature be good
# What object stores call the parameters that open an address: S3, Google Cloud Storage, Azure.
_OPENS = ("signature", "credential", "token", "sig")


class BatchMissing(InvalidArgument):
    """The batch is not in its stage: it was never prepared, or it was removed after its import."""


def staged_batch(uri: str) -> ObjectStoragePath:
    """Find a staged body.

    :raises BatchMissing: when it is not there.
    """
    from airflow.sdk import ObjectStoragePath

    batch = ObjectStoragePath(uri)
    if not batch.is_file():
        raise BatchMissing(
            f"batch_uri={uri!r} does not exist; run the preparation again, on a stage that all workers reach "
            "(after a completed import its batches are removed from the stage, and so are old stages)"
        )
    return batch


def is_for_fetching(uri: str) -> bool:
    """Whether a staged body is a file that the platform fetches, not one that is sent."""
    return uri.endswith(CSV_SUFFIX)


def check_expires(value: Any) -> int:
    """Read for how long a signed address is to be valid.

    :return: seconds.
    :raises InvalidArgument: when no address can be valid for so long.
    """
    text = str(value).strip()
    if (
        isinstance(value, bool)
        or not (text.isascii() and text.isdigit())
        or len(text) > len(str(MAX_EXPIRES))
    ):
        seconds = 0
    else:
        seconds = int(text)
    if not MIN_EXPIRES <= seconds <= MAX_EXPIRES:
        raise InvalidArgument(
            f"file_url_expires={value!r} must be a whole number of seconds between {MIN_EXPIRES} and "
            f"{MAX_EXPIRES}"
        )
    return seconds


def signed_address(staged: StagedFile, *, expires: int) -> str:
    """Make an address of a staged file that is valid from now on, and mask what opens it.

    :param expires: seconds that it is valid for.
    :raises InvalidArgument: when the stage cannot sign.
    """
    path = cast("ObjectStoragePath", staged.path)
    try:
        url = str(path.fs.sign(path.path, expiration=expires))
    except (NotImplementedError, AttributeError) as error:
        # NotImplementedError is how fsspec says that a file system cannot sign at all; AttributeError is what
        # Google's library raises for credentials without a key to sign with.
        raise InvalidArgument(
            f"{path} cannot be given to the platform: no signed URL can be made for it "
            f"({type(error).__name__}). Set the connection's staging_uri to a bucket, with credentials that "
            "can sign, or prepare with body='json_body' or 'file_body'"
        ) from None
    hide_credentials(url)
    return url


def hide_credentials(address: Any, *, path: bool = False) -> None:
    """Mask what opens a URL: user and password, a signature, a token, a fragment.

    :param address: a URL; one that is malformed is masked as a whole, and refused when it is used.
    :param path: mask the path, too: that of a webhook is its key.
    """
    text = str(address or "")
    try:
        parts = urlsplit(text)
    except ValueError:
        mask_secret(text)
        return
    user_info = parts.netloc.rpartition("@")[0]
    # With its delimiters: Airflow does not mask what has less than five characters.
    enclosed = f"//{user_info}@" if user_info else ""
    hidden_path = parts.path if path and parts.path != "/" else ""
    for secret in (enclosed, parts.password, hidden_path, parts.query, parts.fragment):
        if secret:
            mask_secret(secret)
            mask_secret(unquote(secret))
    for name, value in parse_qsl(parts.query):
        if any(name.lower().endswith(word) for word in _OPENS):
            mask_secret(value)
