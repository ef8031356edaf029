"""Random histories of imports: intents, lost answers, deaths, frozen tries, strangers and repeats.

A history is what its seed makes of it. Two things hold in each: every row of a run that succeeded was in an
import that ran after the run's intent, and took effect; and an import whose repeat could change data was not
accepted twice.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any, cast

from email_contacts.api import ContactsClient, ImportRequest, OutcomeUnknown
from email_contacts.imports import failpoints
from email_contacts.imports.errors import IntentSuperseded, SubmissionUnknown
from email_contacts.imports.submission.import_job import ImportJob
from email_contacts.imports.submission.import_record import ImportRecord
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.submitter import Blocked, Submitter
from tests.imports.submission.model_platform import ModelPlatform
from tests.task_context import StateStore

PEOPLE = tuple(f"p{number}@example.com" for number in range(14))
FATES = (
    "answered", "answered", "answer lost", "answer lost", "request lost", "request lost", "dies before it",
    "dies after it", "frozen before it", "frozen after it",
)  # fmt: skip
STRANGERS = (
    "nothing", "nothing", "all of ours", "some of ours", "our people, stale", "others", "touches", "exports",
    "many exports",
)  # fmt: skip
MOST_TRIES = 40


class Violation(AssertionError):
    """The property does not hold."""


class Died(BaseException):
    """The worker is gone."""


class History:
    """One run of a task, with everything that happens around it."""

    def __init__(self, seed: int, *, strangers: bool = True) -> None:
        self.seed = seed
        self.story: list[str] = []
        self.chance = random.Random(seed)
        self.strangers = STRANGERS if strangers else ("nothing",)
        self.platform = ModelPlatform()
        self.store = StateStore()
        self.outcome = ""
        self.intended_ms = 0
        #: Processes of ours that were accepted.
        self.accepted: list[int] = []
        self._nested = 0
        for email in self.chance.sample(PEOPLE, 5):
            self.platform.accept(self._an_import([email], self._value()))
        self.platform.run_all()
        people = self.chance.sample(PEOPLE, self.chance.randint(1, 9))
        self.value = self._value()
        self.request = self._an_import(people, self.value, is_harmless=self.chance.random() < 0.7)

    def play(self) -> None:
        """Try the task as Airflow does, until it succeeds or a person is asked; and see that all is well."""
        for _ in range(MOST_TRIES):
            if self.outcome:
                break
            self._try()
        else:
            raise self._violation("the task never ends")
        twice = [one for one in self.accepted if self.platform.jobs[one - 1].status != "failed"]
        if not self.request.update_existing_contacts and len(twice) > 1:
            raise self._violation(f"accepted more than once: {twice}")

    def _try(self) -> None:
        self.platform.receive = self._receive
        try:
            self._go_as_far_as_it_goes()
        except (OutcomeUnknown, Died, IntentSuperseded) as error:
            self.story.append(f"the try ends: {type(error).__name__}")
        except SubmissionUnknown:
            self.outcome = "stopped"

    def _go_as_far_as_it_goes(self) -> None:
        ledger = Ledger(self.store, "f" * 64)
        submitter = Submitter(
            cast("ContactsClient", self.platform), ImportJob(self.request), ledger,
            max_running=9, timeout=60.0, reconciliation_timeout=0.0,
        )  # fmt: skip
        known = ledger.take_over()
        came: ImportRecord | Blocked = known if known and known.is_submitted else submitter.advance()
        while isinstance(came, Blocked):
            self.platform.run_all()
            self._something_happens()
            came = submitter.advance()
        self.platform.run_all()
        process_id = came.process_id
        assert process_id is not None
        if self.platform.jobs[process_id - 1].status == "failed":
            ledger.forget()
            return
        ledger.close()
        self.outcome = "success"
        self.story.append(f"success with process {process_id}: {came.decision}")
        self._check(came)

    def happen(self, moment: str) -> None:
        """What happens between an intent and its request."""
        if moment != failpoints.AFTER_INTENT:
            return
        self.intended_ms = self.intended_ms or self.platform.now_ms
        self._something_happens()
        self._fate = self.chance.choice(FATES)
        self.story.append(f"intent at {self.platform.now_ms}, {self._fate}")
        if self._fate == "dies before it":
            raise Died
        if self._fate == "frozen before it":
            self._meanwhile()

    def _receive(self, request: ImportRequest) -> int:
        """The platform gets a request of ours."""
        fate = self._fate
        if fate == "request lost":
            raise OutcomeUnknown("the request or its answer was lost")
        process_id = self.platform.accept(request)
        self.accepted.append(process_id)
        if self.chance.random() < 0.1:
            rows = len(request.json_body or ())
            self.platform.run(self.platform.jobs[-1], fails_after=self.chance.randrange(rows))
        elif self.chance.random() < 0.5:
            self.platform.run_all()
        self._something_happens()
        if fate == "answer lost":
            raise OutcomeUnknown("the request or its answer was lost")
        if fate == "dies after it":
            raise Died
        if fate == "frozen after it":
            self._meanwhile()
        return process_id

    def _meanwhile(self) -> None:
        """This try is frozen, and the next one of the same task begins; then this one wakes up."""
        if self._nested == 2:
            return
        self._nested += 1
        with suppress(Died):
            self._try()
        self._nested -= 1
        self.story.append("the frozen try wakes up")

    def _something_happens(self) -> None:
        """Somebody else does something in the account."""
        what = self.chance.choice(self.strangers)
        if what == "nothing":
            return
        ours = [row["email"] for row in self.request.json_body or ()]
        self.story.append(f"a stranger: {what}")
        if what in ("exports", "many exports"):
            for _ in range(self.chance.randint(1, 120 if what == "many exports" else 5)):
                self.platform.accept(None)
            return
        if what == "touches":
            for email in ours:
                if email in self.platform.contacts:
                    self.platform.touch(email, 9)
            return
        people, value = ours, self.value
        if what == "some of ours":
            people = self.chance.sample(ours, self.chance.randint(1, len(ours)))
        elif what == "our people, stale":
            value = {"FIRSTNAME": "stale"}
        elif what == "others":
            people = self.chance.sample(PEOPLE, 3)
        self.platform.accept(self._an_import(people, value))
        if self.chance.random() < 0.7:
            self.platform.run_all()

    def _check(self, record: ImportRecord) -> None:
        """Every row was in an import that ran after the intent, and took effect."""
        lists = set(self.request.list_ids)
        for row in self.request.json_body or ():
            effects = [
                one
                for one in self.platform.effects
                if one.email == row["email"] and one.at_ms >= self.intended_ms and lists <= one.lists
            ]
            if not any(
                row["attributes"].items() <= one.values.items() or not self.request.update_existing_contacts
                for one in effects
            ):
                raise self._violation(f"{row['email']} of a successful run never arrived")

    def _value(self) -> dict[str, str]:
        values = {"FIRSTNAME": self.chance.choice("AB"), "CITY": self.chance.choice("XY")}
        return dict(list(values.items())[: self.chance.randint(0, 2)])

    def _an_import(
        self, people: list[str], value: dict[str, str], *, is_harmless: bool = True
    ) -> ImportRequest:
        rows: list[dict[str, Any]] = [{"email": email, "attributes": value} for email in people]
        lists = self.chance.choice(([1], [1, 2], [2]))
        return ImportRequest(json_body=rows, list_ids=lists, update_existing_contacts=is_harmless)

    def _violation(self, what: str) -> Violation:
        told = "\n  ".join(self.story)
        return Violation(f"seed {self.seed}: {what}\n  {told}")
