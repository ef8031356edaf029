"""Arguments, held against the rules before anything is sent.

Knows what the API takes (api-contract §1, §4); must not import anything that sends. Each check gives back
the value to use, or raises :class:`InvalidRequest` with value, rule and fix. Personal values are not shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from email_contacts.api import timestamps
from email_contacts.api.endpoints import Endpoint, PageLimits
from email_contacts.api.errors import InvalidRequest

Params = dict[str, str | int]


def check_id(value: int, *, what: str) -> int:
    """Take the id of a folder, list, contact or process: a whole number above zero."""
    # bool is an int to Python; True would silently mean folder 1.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidRequest(f"{what}={value!r} is not an id: the platform's ids are whole numbers from 1 on")
    return value


def check_ids(values: Iterable[int], *, what: str) -> tuple[int, ...]:
    """Take several ids."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidRequest(f"{what} must be a list of ids, such as [2], not {type(values).__name__}")
    return tuple(check_id(value, what=what) for value in values)


def check_name(value: str, *, what: str) -> str:
    """Take the name of a folder or list: text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest(f"{what}={value!r} must be text that is not blank")
    return value


def check_identifier(value: str, *, what: str) -> str:
    """Take what identifies one contact: text with something in it. It is never shown."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest(f"{what} must be text that is not blank, not {type(value).__name__}")
    return value


def check_flag(value: bool, *, what: str) -> bool:
    """Take True or False. Text is refused: ``"false"`` would count as true."""
    if not isinstance(value, bool):
        raise InvalidRequest(f"{what}={value!r} must be True or False")
    return value


def page_params(endpoint: Endpoint, *, limit: int, offset: int, sort: str) -> Params:
    """Make the parameters of a page, held against the route's limits (api-contract §4)."""
    limits = endpoint.page or PageLimits(0, 0)
    _check_whole(limit, what="limit")
    _check_whole(offset, what="offset")
    if limit > limits.maximum:
        raise InvalidRequest(f"limit={limit} is over the API's maximum of {limits.maximum} (api-contract §4)")
    if sort not in ("asc", "desc"):
        raise InvalidRequest(f"sort={sort!r} must be 'asc' or 'desc', by creation (api-contract §4)")
    return {"limit": limit, "offset": offset, "sort": sort}


def instant_param(name: str, value: datetime | str | None, *, what: str) -> Params:
    """Make a filter by time, in UTC (api-contract §4); no parameter for ``None``."""
    if value is None:
        return {}
    try:
        moment = timestamps.parse(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime):
            raise TypeError(f"a {type(value).__name__} is not a date-time")
        return {name: timestamps.to_wire(moment)}
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRequest(f"{what}={value!s}: {error} (api-contract §4)") from None


def _check_whole(value: int, *, what: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidRequest(f"{what}={value!r} must be a whole number from 0 on (api-contract §4)")
