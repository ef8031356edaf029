"""One call to the platform and its answer, before anybody judges them.

Knows routes and bytes; must not import an HTTP library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from email_contacts.api.endpoints import Endpoint, Repeat
from email_contacts.api.fields import NotAsDocumented

T = TypeVar("T")

_REQUEST_ID = re.compile(r"[\w.:-]{1,80}")


@dataclass(frozen=True)
class Call(Generic[T]):
    """What to ask.

    :param read: makes the answer of a decoded document (``None`` for an empty body), and raises
        :class:`NotAsDocumented` for one that is not.
    :param ids: values of the placeholders in the route's path.
    :param body: the JSON body as bytes; kept out of ``repr``, as rows are personal data.
    :param before_last_byte: called in each attempt when all of the body but its last byte is sent; what it
        raises ends the call, which then has provably not run.
    :param repeat: instead of the route's own rule, where an argument changes it.
    """

    endpoint: Endpoint
    read: Callable[[Any], T]
    ids: Mapping[str, int | str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    repeat: Repeat | None = None
    before_last_byte: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def repeatable(self) -> Repeat:
        """When it may be made again."""
        return self.repeat or self.endpoint.repeatable

    @property
    def url_path(self) -> str:
        """The path to request."""
        return self.endpoint.url_path(**self.ids)

    @property
    def shown_path(self) -> str:
        """The path for messages; contact identifiers are masked."""
        return self.endpoint.shown_path(**self.ids)

    @property
    def details(self) -> dict[str, Any]:
        """What every error about this call says."""
        return {"method": self.endpoint.method, "path": self.shown_path}

    def __str__(self) -> str:
        return f"{self.endpoint.method} {self.shown_path}"


@dataclass(frozen=True)
class Answer:
    """What came back, whole.

    :param headers: looked up without regard to case.
    :param hide: takes the API key out of a text.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    hide: Callable[[str], str] = field(repr=False, default=str)

    @property
    def is_success(self) -> bool:
        """Any 2xx: the platform's own text and Brevo disagree about which (api-contract §0, §8 row 5)."""
        return self.is_success_status(self.status)

    @staticmethod
    def is_success_status(status: int) -> bool:
        """Recognise a success by its status alone."""
        return 200 <= status < 300

    @property
    def is_redirect(self) -> bool:
        """Whether it sends us elsewhere."""
        return 300 <= self.status < 400

    @property
    def is_html(self) -> bool:
        """Whether it is an HTML page: from a proxy or some web server, not from the API."""
        start = self.body.lstrip()[:1]
        labelled = "html" in self.headers.get("content-type", "").lower()
        return start == b"<" or (labelled and start not in (b"", b"{", b"["))

    @property
    def request_id(self) -> str | None:
        """The platform's id of this exchange (api-contract §0)."""
        named = self.headers.get("sib-request-id", "")
        return named if _REQUEST_ID.fullmatch(named) and self.hide(named) == named else None

    def document(self) -> Any:
        """Decode the body; ``None`` when it is empty.

        :raises NotAsDocumented: when it is not JSON, or not in one way only. The body is not shown.
        """
        if not self.body.strip():
            return None
        try:
            return _decoded(self.body)
        except NotAsDocumented:
            raise
        except (ValueError, RecursionError):
            # A number of thousands of digits is a ValueError, too.
            raise NotAsDocumented(f"{len(self.body):,} bytes that are not JSON") from None

    def described(self) -> str:
        """Return what it is without its content, e.g. ``"524 HTML page from a proxy (1,234 bytes)"``."""
        if self.is_html:
            return f"{self.status} HTML page from a proxy ({len(self.body):,} bytes)"
        return f"{self.status} with {f'{len(self.body):,} bytes' if self.body else 'an empty body'}"


def _decoded(body: bytes) -> Any:
    text = body.decode("utf-8-sig")
    document = json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_no_number)
    if "\\ud" not in text.lower():
        return document
    # An escape may stand for half a character, which no file and no log takes; the rest is what it was.
    return json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise NotAsDocumented("an object with a duplicate key")
    return document


def _no_number(name: str) -> Any:
    raise NotAsDocumented(f"{name}, which is not JSON")
