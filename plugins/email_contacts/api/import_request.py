"""One import, as its request body.

Knows the rules of api-contract §2.1 and how large a body may be; must not import anything that sends, nor
look into the rows: a prepared body is spliced in as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from email_contacts.api.errors import InvalidRequest
from email_contacts.api.signed_urls import without_signature
from email_contacts.api.validation import check_flag, check_id, check_ids, check_name

#: The most one serialised request may hold. The platform's hard limit is 10 MB, and it recommends to stay
#: around 8 MB, as bodies grow while it parses them (api-contract §2.1).
MAX_BODY_BYTES = 8_000_000

_SOURCES = ("file_url", "file_body", "json_body", "prepared")
_FLAGS = (
    "email_blacklist",
    "sms_blacklist",
    "disable_notification",
    "update_existing_contacts",
    "empty_contacts_attributes",
)


@dataclass(frozen=True, kw_only=True)
class NewList:
    """A list that the import itself makes (api-contract §2.1).

    Prefer making the list first: an import that is sent again would make a second one (§7).

    :param list_name: its name.
    :param folder_id: the folder to put it in; required, though the platform's text calls it optional
        (api-contract §8, row 9).
    """

    list_name: str
    folder_id: int

    def __post_init__(self) -> None:
        """Refuse an empty name and an impossible folder."""
        check_name(self.list_name, what="new_list.list_name")
        check_id(self.folder_id, what="new_list.folder_id")


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What to import, into which lists, and how. Checked when it is made (api-contract §2.1).

    Exactly one source:

    :param file_url: ``http(s)`` URL of a ``.txt``, ``.csv`` or ``.json`` file that the *platform* fetches.
        Where it is signed again for each sending, ``file_fingerprint`` says which file it is.
    :param file_body: CSV text with a header line, columns separated by semicolons.
    :param json_body: ``[{"email": ..., "attributes": {...}}, ...]``.
    :param prepared: one of the two above, already serialised in UTF-8: the bytes of a JSON array (the value
        of "jsonBody"), or of a JSON string literal (the value of "fileBody"). The first byte shows which.
        They are sent as they are and never decoded.

    At least one target:

    :param list_ids: lists that exist.
    :param new_list: a list to make.

    And the flags of the API, with its defaults:

    :param notify_url: called when the import is finished, with an empty body (api-contract §2.4).
    :param email_blacklist: blacklist all the contacts for e-mail.
    :param sms_blacklist: blacklist all the contacts for SMS.
    :param disable_notification: do not mail the account's owner.
    :param update_existing_contacts: whether contacts that exist are updated.
    :param empty_contacts_attributes: whether an empty value erases the one that exists; needs
        ``update_existing_contacts``.
    :param file_fingerprint: SHA-256 of the file behind ``file_url``, hexadecimal; not sent.
    :raises InvalidRequest: for two sources, none, no target, or a value against the rules.
    """

    # Sources and URLs stay out of repr: rows are personal data, and URLs may carry a signature or a token.
    file_url: str | None = field(default=None, repr=False)
    file_body: str | None = field(default=None, repr=False)
    json_body: Sequence[Mapping[str, Any]] | None = field(default=None, repr=False)
    prepared: bytes | None = field(default=None, repr=False)
    list_ids: Sequence[int] = ()
    new_list: NewList | None = None
    notify_url: str | None = field(default=None, repr=False)
    email_blacklist: bool = False
    sms_blacklist: bool = False
    disable_notification: bool = False
    update_existing_contacts: bool = True
    empty_contacts_attributes: bool = False
    file_fingerprint: str | None = None

    def __post_init__(self) -> None:
        """Hold the request against the rules."""
        for flag in _FLAGS:
            check_flag(getattr(self, flag), what=flag)
        given = [name for name in _SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise InvalidRequest(
                f"an import takes exactly one source of {', '.join(_SOURCES)}; "
                f"given: {' and '.join(given) or 'none'} (api-contract §8, row 10)"
            )
        object.__setattr__(self, "list_ids", check_ids(self.list_ids, what="list_ids"))
        if not self.list_ids and self.new_list is None:
            raise InvalidRequest(
                "an import needs a target: name list_ids, or new_list to make one (api-contract §2.1)"
            )
        if self.empty_contacts_attributes and not self.update_existing_contacts:
            raise InvalidRequest(
                "empty_contacts_attributes=True erases values of existing contacts and "
                "update_existing_contacts=False leaves them alone; change one of the two (api-contract §2.1)"
            )
        if self.file_url is not None:
            _check_url(self.file_url, what="file_url")
        elif self.file_fingerprint is not None:
            raise InvalidRequest("file_fingerprint is that of the file behind file_url, which was not given")
        if self.notify_url is not None:
            _check_url(self.notify_url, what="notify_url")
        _check_source(self.source, getattr(self, self.source))

    @property
    def source(self) -> str:
        """The name of the source that was given: one of the first four parameters."""
        return next(name for name in _SOURCES if getattr(self, name) is not None)

    def to_bytes(self) -> bytes:
        """Serialise the request; the same request always gives the same bytes.

        :return: the whole JSON body in UTF-8, at most ``MAX_BODY_BYTES``.
        :raises InvalidRequest: when it is larger, or holds something that JSON cannot say.
        """
        body = self._whole()
        if len(body) > MAX_BODY_BYTES:
            raise InvalidRequest(
                f"the import body has {len(body):,} bytes, over the limit of {MAX_BODY_BYTES:,} "
                "(api-contract §2.1); send it in several imports, or as file_url"
            )
        return body

    def identity(self) -> bytes:
        """Return what makes two requests the same import: which rows go where, and what is done to contacts.

        A try that is rendered again may be signed again, have another ``notify_url``, or mail the account's
        owner or not: the import is the same.

        :return: the body as if it had no ``notify_url`` and mailed the owner; a file by ``file_fingerprint``
            if it is known, or else by ``file_url`` without its signature.
        """
        url = self.file_url and without_signature(self.file_url)
        same = replace(self, notify_url=None, disable_notification=False, file_url=url)
        return same._by_content() or same._whole()

    def former_identity(self) -> bytes:
        """Return what made two requests the same import in earlier versions: all of the body."""
        return self._by_content() or self.to_bytes()

    def _by_content(self) -> bytes:
        """The body, with its file by content; empty where that is not known."""
        if self.file_fingerprint is None:
            return b""
        return serialise({**self._envelope(), "fileUrl": f"sha256:{self.file_fingerprint}"})

    def _whole(self) -> bytes:
        return self._spliced(self.prepared) if self.prepared is not None else serialise(self._document())

    def _spliced(self, rows: bytes) -> bytes:
        # The envelope is never empty (flags are always sent), so the rows follow a comma.
        name = b"fileBody" if _is_text(rows) else b"jsonBody"
        return b'%b,"%b":%b}' % (serialise(self._envelope()).removesuffix(b"}"), name, rows)

    def _document(self) -> dict[str, Any]:
        sources = {"fileUrl": self.file_url, "fileBody": self.file_body, "jsonBody": self.json_body}
        return {**self._envelope(), **{name: value for name, value in sources.items() if value is not None}}

    def _envelope(self) -> dict[str, Any]:
        envelope: dict[str, Any] = {}
        if self.list_ids:
            envelope["listIds"] = list(self.list_ids)
        if self.new_list is not None:
            envelope["newList"] = {"listName": self.new_list.list_name, "folderId": self.new_list.folder_id}
        if self.notify_url is not None:
            envelope["notifyUrl"] = self.notify_url
        # Always said, as the platform's own text is silent about its defaults (api-contract §2.1).
        return {
            **envelope,
            "emailBlacklist": self.email_blacklist,
            "smsBlacklist": self.sms_blacklist,
            "disableNotification": self.disable_notification,
            "updateExistingContacts": self.update_existing_contacts,
            "emptyContactsAttributes": self.empty_contacts_attributes,
        }


def serialise(document: Any) -> bytes:
    """Write a request body: compact JSON in UTF-8.

    :raises InvalidRequest: for what JSON cannot say; the values are not shown.
    """
    try:
        text = json.dumps(
            document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse
        )
        return text.encode()
    except UnicodeEncodeError:
        reason = "text with half a surrogate pair, which UTF-8 cannot hold"
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    # Raised out here, so that no chained traceback shows the rows.
    raise InvalidRequest(f"the request cannot be written as JSON: {reason}")


def _refuse(value: object) -> Any:
    raise TypeError(f"a value of type {type(value).__name__}; use text, numbers, booleans or lists of text")


def _check_source(name: str, value: Any) -> None:
    if name == "json_body" and (isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence)):
        raise InvalidRequest(f"json_body is a list of objects, not {type(value).__name__}")
    if name == "file_body" and not isinstance(value, str):
        raise InvalidRequest(f"file_body is CSV text, not {type(value).__name__}")
    if name == "prepared":
        if not isinstance(value, bytes):
            raise InvalidRequest(f"prepared is bytes, not {type(value).__name__}")
        rows = value.strip()
        is_array = rows.startswith(b"[") and rows.endswith(b"]") and b"{" in rows[:64]
        if not is_array and not (_is_text(rows) and rows.endswith(b'"') and len(rows) > len('""')):
            raise InvalidRequest(
                'prepared holds the value of "jsonBody", a JSON array of at least one contact, [{...}, ...], '
                'or that of "fileBody", CSV as a JSON string literal, "EMAIL;...\\n..."'
            )
    elif not value:
        raise InvalidRequest(f"{name} is empty: there is nothing to import")


def _is_text(prepared: bytes) -> bool:
    return prepared.lstrip().startswith(b'"')


def _check_url(url: str, *, what: str) -> None:
    # The URL itself is not shown: it may carry a signature or a callback token.
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except (ValueError, AttributeError):
        usable = False
    if not usable:
        raise InvalidRequest(
            f"{what} must be an http(s) URL that the platform can reach; local files cannot be read by it "
            "(api-contract §2.1)"
        )
