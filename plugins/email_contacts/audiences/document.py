"""One audience, as its author wrote it.

Knows the document and its rules (``audience.schema.json``). What the source holds, and whether the platform
has the list, shows when it is synced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unicodedata import normalize

from email_contacts.contacts.choices import ALLOW, HOLD_BACK, IGNORE, KEEP, OVERRIDE
from email_contacts.contacts.consent_names import words_needed
from email_contacts.contacts.errors import PreparationError
from email_contacts.contacts.mapping.reading import MAPPING, SECTIONS, DocumentKind, Written, read
from email_contacts.contacts.mapping.schema_faults import check_schema
from email_contacts.contacts.paths import AnyPath

CHANGES, FULL = "changes", "full"
DEFAULT_FOLDER = "Airflow imports"
# A truncated source looks like one that people have left, and a column that was turned around like opt-outs.
DEFAULT_MAX_REMOVALS = DEFAULT_MAX_OPT_OUTS = "10%"
DEFAULT_CONNECTION = "email_contacts_default"
_SCHEMA = ("email_contacts.audiences", "audience.schema.json")
_MAPPING_SCHEMA = ("email_contacts.contacts", "schemas/mapping.schema.json")
# The name becomes a DAG's id, and the folder of a snapshot.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_FILES_ONLY = ("format", "delimiter", "encoding", "header_row", "skip_rows", "sheet")
_SECTIONS = (
    "description", "owners", "source", "mapping", "unknown_columns", "duplicates", "conflicts", "body",
    "list", "folder", "connection", "schedule", "mode", "gone", "max_unidentified", "retry_rejects",
    "max_rejects",
    "consent", "consent_reason", "consent_column", "propagate_opt_outs", "merges", "brakes", "fresh_within",
)  # fmt: skip
_OPTIONS = ("unknown_columns", "duplicates", "conflicts", "body", "max_rejects", "consent_column")


class AudienceError(PreparationError):
    """An audience file that is wrong; the message names the line and the rule."""


AUDIENCE = DocumentKind("audience", AudienceError, _SECTIONS, "docs/audiences.md shows audiences")
_INLINE_MAPPING = DocumentKind("mapping in", AudienceError, SECTIONS, MAPPING.documentation)


@dataclass(frozen=True, kw_only=True)
class Audience:
    """A source of contacts and the list that it fills.

    :param name: the file's name without its ending; it names the DAG and the snapshot.
    :param source: ``path``, or ``sql`` or ``table`` with ``connection``, and how to read it.
    :param list: the list's name.
    :param folder: the name of its folder.
    :param mapping: the path of a mapping document, the document itself, or empty: by the columns' names.
    :param connection: the platform's connection; empty: the default one.
    :param schedule: a cron expression or preset; empty: none.
    :param assets: names or URIs of assets that start it, instead of a schedule.
    :param mode: ``"changes"`` or ``"full"``.
    :param consent: rows of people who opted out: ``"hold_back"``, ``"override"`` or ``"ignore"``.
    :param consent_reason: why opt-outs are overridden.
    :param merges: rows that would make the platform merge contacts: ``"hold_back"`` or ``"allow"``.
    :param gone: what to do with contacts that are no longer in the source: ``"keep"``, ``"remove"`` or
        ``"blacklist"``.
    :param max_unidentified: rejected rows without a readable identifier, up to which that is done.
    :param propagate_opt_outs: whether opt-outs of the consent column are brought to the platform.
    :param brakes: ``max_changes``, ``max_rejects``, ``max_held_back``, ``max_removals``, ``max_opt_outs``,
        over which a person is asked.
    :param fresh_within: how long ago a run may have been confirmed; None: no limit.
    :param options: options of the preparation, by their names.
    """

    name: str
    source: Mapping[str, Any]
    list: str
    folder: str = DEFAULT_FOLDER
    mapping: str | Mapping[str, Any] = ""
    connection: str = ""
    description: str = ""
    owners: tuple[str, ...] = ()
    schedule: str = ""
    assets: tuple[str, ...] = ()
    mode: str = CHANGES
    gone: str = KEEP
    max_unidentified: int | str = 0
    retry_rejects: bool = False
    consent: str = HOLD_BACK
    consent_reason: str = ""
    merges: str = HOLD_BACK
    propagate_opt_outs: bool = False
    brakes: Mapping[str, Any] = field(default_factory=dict)
    fresh_within: timedelta | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: AnyPath) -> Audience:
        """Read an audience file.

        :raises AudienceError: when it is none; names the line.
        """
        name = path.name.rpartition(".")[0]
        if not _NAME.fullmatch(name):
            raise AudienceError(
                f"The audience file {path.name} must have a name of small letters, digits, '_' and '-': it "
                "names the DAG and the snapshot."
            )
        return cls._of(name, read(path, AUDIENCE))

    @classmethod
    def _of(cls, name: str, written: Written) -> Audience:
        check_schema(written, *_SCHEMA)
        said: dict[str, Any] = dict(written.content)
        source = {"path": said["source"]} if isinstance(said["source"], str) else said["source"]
        _check_source(written, source)
        _check_consent(written, said)
        if said.get("gone", KEEP) != KEEP and said.get("mode") == FULL:
            raise written.wrong(
                ("gone",), f'"{said["gone"]}" needs "mode: changes": a full sync removes no contacts'
            )
        if said.get("gone", KEEP) == KEEP and "max_unidentified" in said:
            raise written.wrong(("max_unidentified",), 'it belongs to "gone: remove" and "gone: blacklist"')
        if isinstance(said.get("mapping"), Mapping):
            check_schema(inline_mapping(written), *_MAPPING_SCHEMA)
        brakes = {} if said.get("gone", KEEP) == KEEP else {"max_removals": DEFAULT_MAX_REMOVALS}
        if said.get("propagate_opt_outs"):
            brakes["max_opt_outs"] = DEFAULT_MAX_OPT_OUTS
        schedule, owners = said.get("schedule", ""), said.get("owners", ())
        return cls(
            name=name,
            source=source,
            list=said["list"],
            folder=said.get("folder", DEFAULT_FOLDER),
            mapping=said.get("mapping", ""),
            connection=said.get("connection", ""),
            description=said.get("description", ""),
            owners=(owners,) if isinstance(owners, str) else tuple(owners),
            schedule=schedule if isinstance(schedule, str) else "",
            assets=() if isinstance(schedule, str) else tuple(schedule["assets"]),
            mode=said.get("mode", CHANGES),
            gone=said.get("gone", KEEP),
            max_unidentified=said.get("max_unidentified", 0),
            retry_rejects=said.get("retry_rejects", False),
            consent=said.get("consent", HOLD_BACK),
            consent_reason=said.get("consent_reason", ""),
            merges=said.get("merges", HOLD_BACK),
            propagate_opt_outs=said.get("propagate_opt_outs", False),
            brakes=brakes | said.get("brakes", {}),
            fresh_within=_duration(said.get("fresh_within", "")),
            options={option: said[option] for option in _OPTIONS if option in said},
        )

    @property
    def target(self) -> tuple[str, ...]:
        """The list that it fills, as it is looked up: two of one name are one list."""
        named = (" ".join(normalize("NFC", name).split()) for name in (self.folder, self.list))
        return (self.connection or DEFAULT_CONNECTION, *named)

    @property
    def is_guarded(self) -> bool:
        """Whether rows are looked up in the account's mirror."""
        return (self.consent, self.merges) != (IGNORE, ALLOW) or self.propagate_opt_outs


def _duration(said: str) -> timedelta | None:
    """Read ``26h`` or ``2d``, as the schema has checked it."""
    if not said:
        return None
    return timedelta(**{{"h": "hours", "d": "days"}[said[-1]]: int(said[:-1])})


def inline_mapping(written: Written) -> Written:
    """Give the mapping that stands in an audience, with the lines of the file."""
    lines = {place[1:]: line for place, line in written.lines.items() if place[:1] == ("mapping",)}
    return Written(written.content["mapping"], written.name, lines, _INLINE_MAPPING)


def _check_consent(written: Written, said: Mapping[str, Any]) -> None:
    consent = said.get("consent", HOLD_BACK)
    if consent == OVERRIDE and "consent_reason" not in said:
        raise written.wrong(
            ("consent",), '"override" needs "consent_reason": why people who opted out get it'
        )
    if consent != OVERRIDE and "consent_reason" in said:
        raise written.wrong(("consent_reason",), f'it belongs to "consent: override", not to "{consent}"')
    if said.get("propagate_opt_outs") and "consent_column" not in said:
        raise written.wrong(("propagate_opt_outs",), 'it needs "consent_column", which says who opted out')
    column = said.get("consent_column", "")
    words = column if isinstance(column, Mapping) else {}
    if {str(word).casefold() for word in words.get("yes", ())} & {
        str(word).casefold() for word in words.get("no", ())
    }:
        raise written.wrong(("consent_column",), "a word of it means yes and no")
    name = str(column["name"] if isinstance(column, Mapping) else column)
    if not (words.get("yes") and words.get("no")) and (why := words_needed(name)):
        raise written.wrong(("consent_column",), why)


def _check_source(written: Written, source: Mapping[str, Any]) -> None:
    """See that the settings of a source belong together, which the schema would say in too many words."""
    chosen = [kind for kind in ("path", "sql", "table") if kind in source]
    if len(chosen) != 1:
        found = " and ".join(chosen) or "none of them"
        raise written.wrong(("source",), f'it must have one of "path", "sql" and "table", and has {found}')
    if chosen == ["path"] and "connection" in source:
        raise written.wrong(("source", "connection"), 'it belongs to "sql" and "table", not to "path"')
    if chosen != ["path"] and "connection" not in source:
        raise written.wrong(("source",), f'"{chosen[0]}" needs "connection", the database\'s, next to it')
    for setting in _FILES_ONLY:
        if chosen != ["path"] and setting in source:
            raise written.wrong(("source", setting), f'it belongs to "path", not to "{chosen[0]}"')
