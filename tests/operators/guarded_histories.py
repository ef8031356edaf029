"""Random histories of an account and its syncs: people opt out, are deleted, change their identifiers.

A history is what its seed makes of it. Before each sync the account is looked at, and after it again; what
must hold does not depend on what the guards believe.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import requests

from email_contacts.api import ContactsClient, ImportRequest
from email_contacts.contacts.guards.settings import Guards
from email_contacts.contacts.mirror.folder import MirrorFolder
from email_contacts.contacts.mirror.refreshing import refresh
from email_contacts.contacts.options import Options
from email_contacts.contacts.preparation import prepare
from email_contacts.contacts.snapshot.changes import ChangesSince
from email_contacts.contacts.snapshot.confirming import confirm
from email_contacts.contacts.staging.manifest import Manifest
from email_contacts.sandbox import SandboxServer

LIST = 2
PHONES = ("SMS", "WHATSAPP")
IDENTIFIERS = ("EMAIL", "EXT_ID", *PHONES)
POOL = {
    "EMAIL": [f"p{number}@example.com" for number in range(5)],
    "EXT_ID": [f"X{number}" for number in range(4)],
    "SMS": [f"4915123456{number}" for number in range(780, 784)],
    "WHATSAPP": [f"4915123456{number}" for number in range(880, 882)],
}
STEPS = ("create", "opt out", "opt out of sms", "delete", "change", "sync")
Contact = dict[str, Any]


class Violation(AssertionError):
    """What must hold does not."""


class History:
    """One account with its syncs.

    :param seed: what happens.
    :param folder: for the source, the stage, the snapshot and the mirror.
    :param choices: of the guards.
    """

    def __init__(self, seed: int, sandbox: SandboxServer, folder: Path, **choices: Any) -> None:
        self.chance = random.Random(seed)
        self.story: list[str] = []
        self.violation = ""
        self.counts: Counter[str] = Counter()
        self._ever: set[tuple[str, str]] = set()
        self._client = ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=100_000)
        self._url, self._folder, self._choices = f"{sandbox.url}/v3/contacts", folder, choices
        self._session = requests.Session()
        self._session.headers["api-key"] = sandbox.api_key
        self._body = self.chance.choice(("json_body", "file_body"))

    def run(self) -> None:
        """Let it happen, up to the first violation."""
        with self._client, self._session:
            steps = self.chance.choices(STEPS, k=self.chance.randint(1, 5))
            try:
                for step in ("create", "create", "create", "create", "opt out", *steps, "sync"):
                    self._step(step)
            except Violation as violation:
                self.violation = str(violation)

    def _step(self, step: str) -> None:
        found = self._account() if step not in ("create", "sync") else []
        contact = self.chance.choice(found) if found else None
        if step == "create":
            self._ask("POST", self._new_contact())
        elif step == "sync":
            self._sync()
        elif contact is not None and step == "delete":
            self._ask("DELETE", None, contact)
        elif contact is not None and step == "change":
            name = self.chance.choice(IDENTIFIERS)
            self._ask("PUT", {"attributes": {name: self.chance.choice(POOL[name])}}, contact)
        elif contact is not None:
            flag = "smsBlacklisted" if step == "opt out of sms" else "emailBlacklisted"
            self._ask("PUT", {flag: True}, contact)

    def _new_contact(self) -> dict[str, Any]:
        given = self._identifiers()
        body: dict[str, Any] = {"attributes": {name: given.pop(name) for name in PHONES if name in given}}
        return body | {name.lower(): value for name, value in given.items()}

    def _identifiers(self) -> dict[str, str]:
        names = self.chance.sample(IDENTIFIERS, self.chance.choice((1, 1, 2, 2, 3)))
        return {name: self.chance.choice(POOL[name]) for name in names}

    def _ask(self, method: str, body: Any, contact: Contact | None = None) -> None:
        """Do what a person does on the platform; it may refuse."""
        path = f"/{contact['id']}?identifierType=contact_id" if contact else ""
        answer = self._session.request(method, self._url + path, json=body, timeout=30)
        self.story.append(f"{method} {path} {body}: {answer.status_code}")

    def _account(self) -> list[Contact]:
        return list(self._client.iter_contacts())

    def _sync(self) -> None:
        """Refresh, prepare, import, confirm; then see what became of the account."""
        refreshed = refresh(
            MirrorFolder(self._folder / "mirror", "mirror"),
            lambda since: self._client.iter_contacts(modified_since=since),
            account="it",
            now=datetime.now(timezone.utc),
            full_sweep_every=timedelta(0) if self.chance.random() < 0.3 else timedelta(days=7),
        )
        before = self._account()
        rows = [self._identifiers() for _ in range(self.chance.randint(1, 6))]
        manifest = self._prepared(rows)
        self.story.append(f"sync {refreshed.why_full!r} {rows} -> {manifest.rows}")
        for batch in manifest.batches:
            request = ImportRequest(prepared=Path(batch.uri).read_bytes(), list_ids=(LIST,))
            process = self._client.import_contacts(request)
            while not self._client.process(process).is_finished:
                pass
        assert manifest.changes is not None
        confirm(manifest.changes, self._folder / "snapshot", self._folder / "stage")
        sent = self._sent(manifest, rows)
        self._check(before, sent, rows)
        self.counts.update(manifest.rows.held_back, sent=len(sent))

    def _prepared(self, rows: list[dict[str, str]]) -> Manifest:
        names = [name for name in IDENTIFIERS if any(name in row for row in rows)]
        lines = [names, *([row.get(name, "") for name in names] for row in rows)]
        source = self._folder / "source.csv"
        source.write_text("".join(",".join(line) + "\n" for line in lines))
        return prepare(
            source,
            self._folder / "stage",
            Options(body=self._body),
            changes_since=ChangesSince(
                folder=self._folder / "snapshot", name="s", full=self.chance.random() < 0.5
            ),
            guards=Guards(
                folder=self._folder / "mirror", name="mirror", account="it", lists=(LIST,), **self._choices
            ),
        )

    def _sent(self, manifest: Manifest, rows: list[dict[str, str]]) -> list[dict[str, str]]:
        numbers = (self._folder / "stage" / "row_numbers.bin").read_bytes()
        return [rows[int.from_bytes(numbers[at : at + 4], "little") - 1] for at in range(0, len(numbers), 4)][
            : sum(batch.contacts for batch in manifest.batches)
        ]

    def _check(self, before: list[Contact], sent: list[dict[str, str]], rows: list[dict[str, str]]) -> None:
        after = {one["id"]: one for one in self._account()}
        holders = {item: one for one in before for item in held(one).items()}
        self._ever |= holders.keys()
        for row in sent:
            for contact in (holders[item] for item in row.items() if item in holders):
                if has_opted_out(contact, row):
                    raise Violation(f"a row of contact {contact['id']}, who opted out, was sent: {row}")
        for contact in before:
            if contact["id"] not in after:
                raise Violation(f"contact {contact['id']} disappeared")
            now = after[contact["id"]]
            if any(contact[flag] and not now[flag] for flag in ("emailBlacklisted", "smsBlacklisted")):
                raise Violation(f"the opt-out of contact {contact['id']} disappeared")
        for one in after.values():
            for item in held(one).items():
                if item in holders and holders[item]["id"] != one["id"]:
                    raise Violation(f"{item} moved from contact {holders[item]['id']} to {one['id']}")
        # And the guards do not simply hold everything back: who was never in the account is sent.
        there = {item for one in after.values() for item in held(one).items()}
        for row in rows:
            others = [item for other in rows if other is not row for item in other.items()]
            is_new = not any(item in self._ever or item in others for item in row.items())
            if is_new and not set(row.items()) <= there:
                raise Violation(f"a row of nobody's was not sent: {row}")
        self._ever |= there


def held(contact: Contact) -> dict[str, str]:
    """The identifiers of a contact; the address that the platform makes up of a number is none."""
    found = {name: contact["attributes"][name] for name in IDENTIFIERS if contact["attributes"].get(name)}
    address = contact.get("email", "")
    return found if not address or address.endswith("@mailin-sms.com") else found | {"EMAIL": address}


def has_opted_out(contact: Contact, row: dict[str, str]) -> bool:
    """Whether a row must not be sent to a contact."""
    if contact["emailBlacklisted"] and not contact.get("email", "").endswith("@mailin-sms.com"):
        return True
    return bool(contact["smsBlacklisted"]) and ("SMS" in row or "EMAIL" not in row)


def told(history: History) -> str:
    """What happened."""
    return json.dumps(history.story, indent=1)
