"""Faults: what a request is made to suffer, how often, and on which route.

Knows the kinds of failure by name and nothing of HTTP; :mod:`email_contacts.sandbox.gate` carries them out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

ANY_ROUTE = "*"

KINDS: Mapping[str, str] = {
    "400": "the platform's error body with code bad_request; nothing was done",
    "401_key": "401 as for an unknown key",
    "401_ip": "401 as for a known key that comes from an address that is not allowed",
    "429": "429 Too Many Requests; with Retry-After when `seconds` is given",
    "500": "500 with a JSON error body; nothing was done",
    "500_after_accepting": "the request is carried out, and the answer is a 500",
    "502": "502 with an HTML body of a proxy; nothing was done",
    "503": "503 with an HTML body of a proxy; nothing was done; with Retry-After when `seconds` is given",
    "524": "524 with an HTML body of a proxy; nothing was done",
    "524_after_accepting": "the request is carried out, and the answer is a 524 with an HTML body",
    "reset": "the request is read, then the TCP connection is reset; nothing was done",
    "reset_after_accepting": "the request is carried out, then the connection is reset instead of answered",
    "closed": "the request is read, then the connection is closed without an answer; nothing was done",
    "slow": "the request is carried out at once and answered after `seconds`",
    "truncated": "the request is carried out; half of the answer arrives, then the connection closes",
    "garbled": "the request is carried out; the answer has the right status and a body that is not JSON",
}

ROUTES = (
    *("create_folder", "folders", "folder", "update_folder", "delete_folder", "folder_lists"),
    *("create_list", "lists", "list", "update_list", "delete_list", "list_contacts"),
    *("add_to_list", "remove_from_list"),
    *("attributes", "create_attribute", "update_attribute", "delete_attribute"),
    *("import", "create_contact", "contacts", "update_batch", "contact", "update_contact", "delete_contact"),
    *("processes", "process"),
)
"""The names of the platform's routes, as they stand in its OpenAPI document."""

LARGEST = 10**12
"""The largest number of a knob or fault: a larger one could neither be answered nor waited for."""
_ACCEPTS = frozenset({"slow", "truncated", "garbled"})


class UnknownFault(ValueError):
    """A fault that cannot be set: the message names the value, the rule and the fix."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One failure that the next requests of a route meet.

    :param route: one of :data:`ROUTES`, or ``*`` for any.
    :param kind: one of :data:`KINDS`.
    :param times: how many requests meet it; 0 means every one until the knob is changed.
    :param skip: how many matching requests pass untouched before.
    :param seconds: delay of ``slow``, or Retry-After of ``429`` and ``503``.
    :raises UnknownFault: for a route or a kind that does not exist, or a negative number.
    """

    route: str
    kind: str
    times: int = 1
    skip: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownFault(f"fault kind {self.kind!r} does not exist; choose one of {', '.join(KINDS)}")
        if self.route != ANY_ROUTE and self.route not in ROUTES:
            near = difflib.get_close_matches(str(self.route), ROUTES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are * and {', '.join(ROUTES)}"
            raise UnknownFault(f"route {self.route!r} does not exist; {hint}")
        for name in ("times", "skip", "seconds"):
            value = getattr(self, name)
            kinds = (int, float) if name == "seconds" else int
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= LARGEST:
                what = "number" if name == "seconds" else "whole number"
                raise UnknownFault(f"fault {name} must be a {what} of at least 0 and at most {LARGEST}")

    @classmethod
    def from_json(cls, document: object) -> Fault:
        """Read one fault from its JSON form.

        :param document: an object with ``route``, ``kind`` and optionally ``times``, ``skip``, ``seconds``;
            or the short text form ``route:kind[:times]`` of the command line.
        :raises UnknownFault: for anything else.
        """
        if isinstance(document, Fault):
            return document
        if isinstance(document, str):
            route, _, rest = document.partition(":")
            kind, _, times = rest.partition(":")
            if times and not times.isdigit():
                raise UnknownFault(f"fault {document!r}: write ROUTE:KIND or ROUTE:KIND:TIMES")
            return cls(route=route, kind=kind, times=int(times or 1))
        if not isinstance(document, Mapping):
            raise UnknownFault(f"a fault is an object with route and kind, not {type(document).__name__}")
        known = {field.name for field in fields(cls)}
        if strange := set(document) - known:
            raise UnknownFault(f"fault has unknown {sorted(strange)}; it takes {sorted(known)}")
        if not {"route", "kind"} <= set(document):
            raise UnknownFault("a fault needs both route and kind")
        return cls(**document)

    def to_json(self) -> dict[str, object]:
        """Return the fault as a JSON object."""
        return asdict(self)

    @property
    def carries_out(self) -> bool:
        """Whether the platform does what the request asks before it fails to say so."""
        return self.kind.endswith("_after_accepting") or self.kind in _ACCEPTS

    def matches(self, route: str) -> bool:
        """Return whether a request of this route meets the fault or counts towards its ``skip``."""
        return self.route in (ANY_ROUTE, route)

    def spent(self) -> Fault | None:
        """Return what is left of the fault after one matching request, None when that is nothing."""
        if self.skip:
            return replace(self, skip=self.skip - 1)
        if self.times == 1:
            return None
        return replace(self, times=max(self.times - 1, 0))


def next_fault(faults: tuple[Fault, ...], route: str) -> tuple[Fault | None, tuple[Fault, ...]]:
    """Take the fault that a request of `route` meets.

    The first fault of the route counts, others wait behind it, so a sequence of failures is a list of faults.

    :return: the fault to carry out, if any, and the faults that remain.
    """
    for position, fault in enumerate(faults):
        if fault.matches(route):
            rest = fault.spent()
            remaining = faults[:position] + ((rest,) if rest else ()) + faults[position + 1 :]
            return (None if fault.skip else fault), remaining
    return None, faults
