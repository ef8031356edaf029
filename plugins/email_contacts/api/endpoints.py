"""The routes of the Contacts API, as data.

Knows methods, paths, page limits and whether a call may be repeated; must not import anything that
sends. The contract test holds these constants against the platform's own text (api-contract §1, §8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from urllib.parse import quote

API_PREFIX = "/v3"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Repeat(Enum):
    """When a call that did not succeed may be made again (api-contract §5, "Retry table")."""

    #: Reads and upserts: running twice is the same as running once.
    ALWAYS = "always"
    #: Creating a contact: only after a refusal that says "not now", or when nothing was sent.
    WHEN_REFUSED = "when refused"
    #: Folders, lists, imports: every one that runs makes a new thing. Only 429, or nothing was sent.
    WHEN_NOT_RUN = "when not run"


class Bucket(Enum):
    """The two allowances of the platform, which are used up separately (api-contract §5)."""

    CONTACTS = "contacts"  # /v3/contacts/...: so many each second
    OTHER = "other"  # everything else, /v3/processes included: so many each hour


@dataclass(frozen=True)
class PageLimits:
    """Page sizes of a collection: what the platform takes when none is named, and the most it gives."""

    default: int
    maximum: int


@dataclass(frozen=True)
class Endpoint:
    """One route.

    :param name: what it does, in the words of the API.
    :param path: below ``/v3``, with ``{placeholders}``.
    :param repeatable: when a failed call may be made again.
    :param page: page limits if it answers in pages, else ``None``.
    :param in_seed: whether the platform's own text has it; ``False`` = known from Brevo only (§2.3, §6).
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    repeatable: Repeat
    page: PageLimits | None
    in_seed: bool

    @property
    def bucket(self) -> Bucket:
        """The allowance that a call uses up."""
        return Bucket.CONTACTS if self.path.startswith("/contacts") else Bucket.OTHER

    def url_path(self, **ids: int | str) -> str:
        """The path to request, ``/v3`` included, with every id quoted."""
        return API_PREFIX + _PLACEHOLDER.sub(lambda m: quote(str(ids[m[1]]), safe=""), self.path)

    def shown_path(self, **ids: int | str) -> str:
        """The path for messages and logs: numeric ids as they are, words masked (they name a person)."""
        return API_PREFIX + _PLACEHOLDER.sub(
            lambda m: str(ids[m[1]]) if isinstance(ids[m[1]], int) else m[0], self.path
        )


_SMALL_PAGES = PageLimits(default=10, maximum=50)

CREATE_FOLDER = Endpoint("create a folder", "POST", "/contacts/folders", Repeat.WHEN_NOT_RUN, None, True)
CREATE_LIST = Endpoint("create a list", "POST", "/contacts/lists", Repeat.WHEN_NOT_RUN, None, True)
CREATE_CONTACT = Endpoint("create a contact", "POST", "/contacts", Repeat.WHEN_REFUSED, None, True)
IMPORT_CONTACTS = Endpoint("import contacts", "POST", "/contacts/import", Repeat.WHEN_NOT_RUN, None, True)
FOLDER_LISTS = Endpoint(
    "lists of a folder", "GET", "/contacts/folders/{folderId}/lists", Repeat.ALWAYS, _SMALL_PAGES, True
)
GET_LIST = Endpoint("list info", "GET", "/contacts/lists/{listId}", Repeat.ALWAYS, None, True)
CONTACTS = Endpoint("all contacts", "GET", "/contacts", Repeat.ALWAYS, PageLimits(50, 1000), True)
LIST_CONTACTS = Endpoint(
    "contacts of a list", "GET", "/contacts/lists/{listId}/contacts", Repeat.ALWAYS, PageLimits(50, 500), True
)

FOLDERS = Endpoint("folders", "GET", "/contacts/folders", Repeat.ALWAYS, _SMALL_PAGES, False)
LISTS = Endpoint("lists", "GET", "/contacts/lists", Repeat.ALWAYS, _SMALL_PAGES, False)
ATTRIBUTES = Endpoint("attributes", "GET", "/contacts/attributes", Repeat.ALWAYS, None, False)
PROCESSES = Endpoint("processes", "GET", "/processes", Repeat.ALWAYS, _SMALL_PAGES, False)
GET_PROCESS = Endpoint("a process", "GET", "/processes/{processId}", Repeat.ALWAYS, None, False)
GET_CONTACT = Endpoint("a contact", "GET", "/contacts/{identifier}", Repeat.ALWAYS, None, False)
REMOVE_FROM_LIST = Endpoint(
    "remove contacts from a list",
    "POST",
    "/contacts/lists/{listId}/contacts/remove",
    Repeat.WHEN_NOT_RUN,
    None,
    False,
)

#: Every route that the client calls: the eight of the seed in its order, then the neighbours.
ALL: tuple[Endpoint, ...] = (
    CREATE_FOLDER,
    CREATE_LIST,
    CREATE_CONTACT,
    IMPORT_CONTACTS,
    FOLDER_LISTS,
    GET_LIST,
    CONTACTS,
    LIST_CONTACTS,
    FOLDERS,
    LISTS,
    ATTRIBUTES,
    PROCESSES,
    GET_PROCESS,
    GET_CONTACT,
    REMOVE_FROM_LIST,
)
