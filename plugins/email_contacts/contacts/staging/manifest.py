"""The manifest: what a preparation came to.

Knows counts, names and fingerprints; holds nothing personal. It is written last, so where there is a manifest
the stage is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from email_contacts.contacts.errors import NotAManifest, PreparationError
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.changes import Changes
from email_contacts.contacts.staging.stage import MANIFEST, write_whole


@dataclass(frozen=True)
class Rows:
    """How many rows were accepted, rejected and so on.

    :param read: rows of the source; always ``accepted + rejected + duplicates + unchanged``, and those that
        are held back.
    :param accepted: rows that are sent.
    :param rejected: rows that break a rule.
    :param duplicates: rows that a later row about the same contact supersedes.
    :param unchanged: rows whose contacts did not change since the snapshot; 0 where there is none.
    :param held_back: rows that a guard does not let through, by reason: ``opted_out``, ``no_consent``,
        ``would_merge``.
    """

    read: int
    accepted: int
    rejected: int
    duplicates: int
    unchanged: int = 0
    held_back: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        held_back = sum(self.held_back.values())
        if self.read != self.accepted + self.rejected + self.duplicates + self.unchanged + held_back:
            raise PreparationError(
                f"The rows do not add up: {self.read} read is not {self.accepted} accepted + {self.rejected} "
                f"rejected + {self.duplicates} duplicates + {self.unchanged} unchanged + {held_back} held "
                "back. This is a bug in this package."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the counts; ``unchanged`` and ``held_back`` only where there are any, as before."""
        optional = ("unchanged", "held_back")
        return {name: count for name, count in asdict(self).items() if count or name not in optional}


@dataclass(frozen=True)
class Batch:
    """A prepared body.

    :param uri: the file: the value of "jsonBody", a JSON array.
    :param bytes: its size.
    :param contacts: contacts in it.
    :param fingerprint: SHA-256 of its bytes, in hex.
    """

    uri: str
    bytes: int
    contacts: int
    fingerprint: str


@dataclass(frozen=True)
class Manifest:
    """What a preparation came to.

    :param source: the source's URI.
    :param rows: how many rows were accepted, rejected and so on.
    :param batches: the prepared bodies, in order.
    :param rejects_uri: the list of rejected rows.
    :param duplicates_uri: the list of superseded rows.
    :param conflicts_uri: the list of rows that share an identifier with another contact's row.
    :param body: the form in which contacts are sent; see ``forms``.
    :param conflicts: how many rows are listed there.
    :param unknown_columns: columns that were dropped, by choice.
    :param reject_reasons: rule -> rows rejected by it, most frequent first.
    :param notes: what was detected in the source, and what was chosen; a sentence each.
    :param changes: what the comparison with a snapshot came to; None where there was none.
    :param held_back_uri: the list of rows that a guard does not let through; empty where none was asked for.
    :param guards: what was asked for (``consent``, ``merges``), and as of when the mirror was.
    :param source_version: what tells the source from one that was written again; empty where nothing does.
    :param read_as: how it was read, as far as that was said: option → value, among them ``mapping``.
    :param seconds: how long it took.
    :param peak_memory_bytes: most memory that the process had until then.
    """

    source: str
    rows: Rows
    batches: tuple[Batch, ...]
    rejects_uri: str
    duplicates_uri: str
    conflicts_uri: str = ""
    body: str = "json_body"
    conflicts: int = 0
    unknown_columns: tuple[str, ...] = ()
    reject_reasons: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    changes: Changes | None = None
    held_back_uri: str = ""
    guards: Mapping[str, Any] = field(default_factory=dict)
    source_version: str = ""
    read_as: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the batches' fingerprints and the counts: the same rows prepared the same way.

        If contacts are compared with a snapshot, also over the gone contacts and what is done with them; and
        over those that are to be blocklisted.
        """
        content: list[Any] = [[batch.fingerprint for batch in self.batches], self.rows.to_json()]
        if self.changes is not None:
            content.append(self.changes.gone_digest)
            if self.changes.to_settle:
                content.append(self.changes.when_gone)
        if "opt_outs_digest" in self.guards:
            content.append(self.guards["opt_outs_digest"])
        return sha256(json.dumps(content).encode()).hexdigest()

    @property
    def overriding(self) -> str:
        """The warning for the log of each task if opt-outs are overridden; else empty."""
        if self.guards.get("consent") != "override":
            return ""
        reason, rows = self.guards.get("consent_reason"), self.guards.get("overridden", 0)
        return f"opt-outs are overridden, {rows:,} rows of people who opted out are sent: {reason}"

    @property
    def why_nothing(self) -> str:
        """Why nothing is sent, where that is well; empty where something is, or none of the rows can be."""
        if self.batches:
            return ""
        if not self.rows.read:
            return "the source has no rows"
        if self.rows.held_back and not self.rows.rejected:
            return "every row that would be sent is held back"
        return "no row changed since the snapshot" if self.rows.unchanged else ""

    def to_json(self) -> dict[str, Any]:
        """Return the document; small, and free of personal data."""
        document = asdict(self)
        document |= {name: list(document[name]) for name in ("batches", "unknown_columns", "notes")}
        document["rows"] = self.rows.to_json()
        if self.changes is None:
            del document["changes"]
        for name in ("held_back_uri", "guards"):
            if not document[name]:
                del document[name]
        return {"source": document.pop("source"), "fingerprint": self.fingerprint, **document}

    def write(self, path: AnyPath) -> None:
        """Write the document; the file is there in whole or not at all."""
        write_whole(path, json.dumps(self.to_json(), indent=2, ensure_ascii=False).encode() + b"\n")

    @classmethod
    def read(cls, path: AnyPath) -> Manifest:
        """Read a manifest.

        :raises NotAManifest: when there is none, or it is not what ``write`` wrote.
        """
        try:
            with path.open("rb") as file:
                document = json.loads(file.read())
        except FileNotFoundError as error:
            raise NotAManifest(
                f"There is no manifest at {path}: the preparation did not finish. Prepare the source again."
            ) from error
        except ValueError as error:
            raise NotAManifest(f"{path} is not a manifest: it is not JSON.") from error
        return cls.from_json(document)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Manifest:
        """Make a manifest of its document.

        :raises NotAManifest: when parts are missing, or the fingerprint is not that of the content.
        """
        try:
            said = dict(document)
            fingerprint = said.pop("fingerprint")
            batches: Sequence[Mapping[str, Any]] = said.pop("batches")
            changes = said.pop("changes", None)
            manifest = cls(
                rows=Rows(**said.pop("rows")),
                batches=tuple(Batch(**batch) for batch in batches),
                unknown_columns=tuple(said.pop("unknown_columns")),
                notes=tuple(said.pop("notes", ())),
                changes=Changes.from_json(changes) if changes else None,
                **said,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NotAManifest(f"This is not a manifest: {error}.") from error
        if manifest.fingerprint != fingerprint:
            raise NotAManifest(
                "The manifest's fingerprint is not that of its content: it was changed by hand, or comes "
                "from another version. Prepare the source again."
            )
        return manifest


def is_list_of(path: AnyPath, fingerprint: str, source_version: str = "") -> bool:
    """Whether a list in a stage is still that of one preparation, by the manifest next to it.

    A run that is cleared prepares into the same stage again, so that the address of an older list leads to
    that of the newest preparation.

    :param path: the list.
    :param fingerprint: of the preparation; empty for one that broke off, which leaves a list and no manifest.
    :param source_version: of what it read, where it is known: rows may be rejected at other places while what
        is sent, and with it the fingerprint, stays the same.
    """
    try:
        with (path.parent / MANIFEST).open("rb") as file:
            document = json.loads(file.read())
    except FileNotFoundError:
        return not fingerprint
    except ValueError:
        return False
    if not isinstance(document, Mapping) or document.get("fingerprint") != fingerprint:
        return False
    version = document.get("source_version")
    return not (version and source_version) or version == source_version
