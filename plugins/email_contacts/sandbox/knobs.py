"""The knobs: every way in which this platform can be made to differ, as one frozen document.

The same fields make the command line's options, the JSON of the control route and the table in
docs/sandbox.md. Imports nothing of the server.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from email_contacts.sandbox.faults import LARGEST, Fault
from email_contacts.sandbox.values import is_writable


class UnknownKnob(ValueError):
    """A knob or a value that does not exist: the message names the value, the rule and the fix."""


def _knob(default: Any, says: str, *choices: str) -> Any:
    """Declare one knob: its default, what it does, and its values when they are few."""
    return field(default=default, metadata={"says": says, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """How the platform behaves (api-contract §9). Every field has a default that answers as the seed does.

    :raises UnknownKnob: for a value outside the knob's choices, of another type, or negative.
    """

    # --- what it answers -------------------------------------------------------------------------------
    status_profile: str = _knob(
        "seed", "Status of a created folder, list and import: 200, or 201/201/202.", "seed", "brevo"
    )
    legacy_totals: bool = _knob(
        True, "totalSubscribers and totalBlacklisted count; off: always 0, as newer platforms answer."
    )
    timestamps: str = _knob("utc", "2026-05-01T17:05:03Z, or 2026-05-01T19:05:03.777+02:00.", "utc", "offset")
    duplicate_code: str = _knob(
        "duplicate_parameter",
        "Code of the 400 for an identifier that belongs to another contact, when a contact is updated.",
        "duplicate_parameter",
        "invalid_parameter",
    )
    strict_sources: bool = _knob(
        True, "400 for an import with several sources; off: fileUrl before fileBody before jsonBody."
    )
    linking_rows: str = _knob(
        "merge",
        "A row of an import that names two contacts merges them and deletes one of them, or is rejected.",
        "merge",
        "reject",
    )
    phone_only_address: bool = _knob(
        True,
        "Contacts with a phone number and no address are NUMBER@mailin-sms.com, blocklisted for e-mail.",
    )
    false_overwrites: bool = _knob(
        True, "false in a jsonBody overwrites true; off: it is ignored, as once observed."
    )
    mutate_while_paging: str = _knob(
        "none",
        "After each page of contacts: a contact joins, or the first contact of that page is deleted.",
        "none",
        "insert",
        "delete",
    )
    # --- imports and their processes -------------------------------------------------------------------
    process_route: str = _knob(
        "on", "The /v3/processes routes: there, or missing with this status.", "on", "404", "405"
    )
    process_vocabulary: str = _knob(
        "in_process", "The word for a running process.", "in_process", "processing"
    )
    final_status: str = _knob(
        "completed",
        "Status in which imports end. failed and cancelled import nothing; any other word is shown as it is.",
    )
    info_import: str = _knob(
        "url", "info.import of a completed import: missing, counts, or URLs of CSV.", "absent", "int", "url"
    )
    queue_seconds: float = _knob(0.0, "Shortest time an import is queued.")
    process_seconds: float = _knob(0.0, "Shortest time an import is in process.")
    hold: str = _knob(
        "none", "Keeps imports in this state until the knob is changed.", "none", "queued", "in_process"
    )
    # --- callbacks -------------------------------------------------------------------------------------
    callback_mode: str = _knob(
        "once",
        "notifyUrl: one empty POST; none; a JSON body; two POSTs; after callback_delay_seconds; too early.",
        "once",
        "never",
        "json",
        "duplicate",
        "late",
        "before-completed",
    )
    callback_delay_seconds: float = _knob(1.0, "Delay of a late callback.")
    # --- limits ----------------------------------------------------------------------------------------
    contacts_per_second: int = _knob(0, "Requests per second to /v3/contacts…; 0: no limit, no headers.")
    others_per_hour: int = _knob(0, "Requests per hour to all other routes; 0: no limit, no headers.")
    retry_after: bool = _knob(False, "A 429 has Retry-After in addition to the x-sib-ratelimit headers.")
    body_limit_bytes: int = _knob(10_000_000, "Largest request body.")
    body_limit_status: int = _knob(413, "Status for a body over the limit (400 or 413).")
    file_url_limit_bytes: int = _knob(250_000_000, "Largest file that an import fetches.")
    file_url_timeout_seconds: float = _knob(30.0, "Longest silence while an import fetches its file.")
    allowed_ips: tuple[str, ...] = _knob((), "Addresses that may call; empty: any. Others get 401.")
    # --- weather ---------------------------------------------------------------------------------------
    latency_seconds: float = _knob(0.0, "Wait before every answer of the API.")
    faults: tuple[Fault, ...] = _knob(
        (), "Failures for the next requests of a route: ROUTE:KIND[:TIMES], or objects (see Faults)."
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _checked(each, getattr(self, each.name)))
        if self.body_limit_status not in (400, 413):
            raise UnknownKnob(f"body_limit_status={self.body_limit_status} must be 400 or 413")
        if not self.final_status:
            raise UnknownKnob("final_status must be a word, for example 'failed'")

    def changed(self, changes: Mapping[str, Any]) -> Knobs:
        """Return these knobs with some of them set otherwise.

        :param changes: knob names and their new values; faults also in their JSON form.
        :raises UnknownKnob: for a name that does not exist (the nearest one is suggested) or a bad value.
        """
        known = [each.name for each in fields(self)]
        for name in changes:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
                raise UnknownKnob(f"knob {name!r} does not exist{hint}")
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return all knobs as a JSON object, in the order of their declaration."""
        document: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        document["allowed_ips"] = list(self.allowed_ips)
        document["faults"] = [fault.to_json() for fault in self.faults]
        return document

    @property
    def created(self) -> int:
        """Status of a created folder or list (api-contract §8, row 5)."""
        return 201 if self.status_profile == "brevo" else 200

    @property
    def accepted(self) -> int:
        """Status of an accepted import (api-contract §8, row 5)."""
        return 202 if self.status_profile == "brevo" else 200

    @property
    def imports_rows(self) -> bool:
        """Whether an import that ends in the set final status has brought its rows in."""
        return self.final_status not in ("failed", "cancelled")


def _checked(knob: Field[Any], value: Any) -> Any:
    """Return the value of a knob in its own type, or refuse it."""
    default, choices = knob.default, knob.metadata["choices"]
    if isinstance(default, tuple):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise UnknownKnob(f"{knob.name} takes a list, not {type(value).__name__}")
        if knob.name == "faults":
            return tuple(Fault.from_json(item) for item in value)
        if not all(isinstance(item, str) and is_writable(item) for item in value):
            raise UnknownKnob(f"{knob.name} takes a list of texts")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default):
        raise UnknownKnob(f"{knob.name}={value!r} must be of type {type(default).__name__}")
    if choices and value not in choices:
        raise UnknownKnob(f"{knob.name}={value!r} must be one of {', '.join(choices)}")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not 0 <= value <= LARGEST:
        raise UnknownKnob(f"{knob.name} must be a finite number of at least 0 and at most {LARGEST}")
    if isinstance(value, str) and not is_writable(value):
        raise UnknownKnob(f"{knob.name} holds half a surrogate pair, which cannot be shown")
    return value
