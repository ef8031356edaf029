"""An import that runs now, as the pages show it: how far it is, and what is waited for until when.

What tasks left in Airflow may be anything, so each value is checked before it is relied on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from email_contacts.imports.waiting.completion import CALLBACK, LIST_GROWTH
from email_contacts.web.pages.import_view import is_count, moment
from email_contacts.web.pages.timeline import PREPARE, VERIFY, Step, ended

if TYPE_CHECKING:
    from email_contacts.imports.waiting.look_note import LookNote
    from email_contacts.web.airflow_runs import RunningImport, RunningTask

# Running imports that the list shows; the others are counted.
MAX_SHOWN = 20
QUEUED, BETWEEN, PREPARING, ASKING = "queued", "running", "preparing", "waits for approval"
SUBMITTING, IN_LINE, ON_PLATFORM, VERIFYING = (
    "submitting",
    "waits for its turn",
    "on the platform",
    "verifying",
)
IMPORT, SENSOR, ASK, RECEIPT = (
    "ImportContactsOperator", "ImportCompletedSensor", "CheckBrakesOperator", "WriteReceiptOperator",
)  # fmt: skip
_SPLIT = ("SplitSourceOperator", "PreparePartitionOperator")
_TRIGGER, _QUEUE = "ImportCompletedTrigger", "ImportQueueTrigger"
# States of a task that has something to do, and of one that did not end well.
_ACTIVE = (
    "scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule",
)  # fmt: skip
_FAILED = ("failed", "up_for_retry")
_TOLD_BY = {CALLBACK: "waiting for the platform's callback", LIST_GROWTH: "waiting for the lists to grow"}
# Rendered fields that name a source, and what is shown of those whose text is not for a headline.
_SOURCES = (("source", ""), ("corrected_file", ""), ("table", ""), ("sql", "query"))


@dataclass(frozen=True)
class Progress:
    """How far an import is.

    :param run: as Airflow knows it.
    """

    run: RunningImport

    @cached_property
    def phase(self) -> str:
        """What it is doing: the step furthest on at which a task has something to do."""
        active = [one for one in self.run.tasks if one.state in _ACTIVE]
        operators = {one.operator for one in active}
        triggers = {one.trigger for one in active}
        if self.run.state == QUEUED or not active:
            return QUEUED if self.run.state == QUEUED else BETWEEN
        if operators & {*VERIFY, RECEIPT}:
            return VERIFYING
        if SENSOR in operators or self._waits:
            return ON_PLATFORM
        if IMPORT in operators:
            return (
                SUBMITTING if _QUEUE not in triggers or any(_is_at_work(one) for one in active) else IN_LINE
            )
        if ASK in operators:
            return ASKING
        return PREPARING if operators & {*PREPARE, *_SPLIT} else BETWEEN

    @cached_property
    def rows(self) -> dict[str, int]:
        """How many rows were accepted, rejected and so on in the preparation; empty before its end."""
        for (_, key), values in self.run.xcoms.items():
            given = values[0] if key == "rows" else None
            if isinstance(given, Mapping) and all(is_count(given.get(one)) for one in ("read", "accepted")):
                return {str(name): count for name, count in given.items() if is_count(count)}
        return {}

    @cached_property
    def source_name(self) -> str:
        """The last part of the source's address, as the tasks were given it; empty where it is not known."""
        for field, shown_as in _SOURCES:
            for fields in self.run.rendered.values():
                given = fields.get(field) if isinstance(fields, Mapping) else None
                if isinstance(given, str) and given.strip():
                    path = given.partition("?")[0].rstrip("/")
                    return shown_as or path.rpartition("/")[2] or path
        return ""

    @cached_property
    def lists(self) -> tuple[tuple[int, str], ...]:
        """Id and name of each list, as far as they were looked up."""
        values = [one for (_, key), found in self.run.xcoms.items() if key == "return_value" for one in found]
        found = [one for one in values if isinstance(one, Mapping) and is_count(one.get("id"))]
        return tuple((one["id"], str(one.get("name") or "")) for one in found)

    @cached_property
    def submissions(self) -> list[Mapping[str, Any]]:
        """What is known of the batches that were sent, or were about to be."""
        values = [one for (_, key), found in self.run.xcoms.items() if key == "submission" for one in found]
        return [one for one in values if isinstance(one, Mapping)]

    @cached_property
    def process_ids(self) -> tuple[int, ...]:
        """The platform's processes, in the order of the batches."""
        ids = [one.get("process_id") for one in self.submissions]
        return tuple(dict.fromkeys(one for one in ids if is_count(one)))

    @property
    def batches(self) -> int:
        """How many batches there are; 0 where that is not known yet."""
        imports = [one for one in self.run.tasks if one.operator == IMPORT]
        mapped = sum(one.map_index >= 0 for one in imports)
        return mapped or (len(imports) if self.submissions else 0)

    @property
    def submitted(self) -> int:
        """How many batches the platform has accepted."""
        return sum(moment(one.get("submitted_at")) is not None for one in self.submissions)

    @property
    def failed_tasks(self) -> tuple[str, ...]:
        """Tasks that failed, or that are tried again."""
        return tuple(dict.fromkeys(one.task_id for one in self.run.tasks if one.state in _FAILED))

    @cached_property
    def gives_up_at(self) -> datetime | None:
        """When waiting for the platform ends."""
        deadlines = [one.waits_for.get("deadline") for one in self._waits]
        return _latest(deadlines)

    @cached_property
    def look(self) -> LookNote | None:
        """The last look at the platform since it is waited for."""
        for one in self._waits:
            if one.look:
                return one.look
            look = self.run.looks.get(str(one.waits_for.get("conn_id")))
            if look and (one.started_at is None or look.at >= one.started_at.timestamp()):
                return look
        return None

    @property
    def looked_at(self) -> datetime | None:
        """When the platform was looked at last."""
        return _latest([self.look.at]) if self.look else None

    @property
    def next_look_at(self) -> datetime | None:
        """When it is looked at next, unless it calls before, or the hourly budget puts it off."""
        return _latest([self.look.next_at]) if self.look else None

    @property
    def platform(self) -> str:
        """What the platform said of the processes when it was looked at last."""
        if self.phase != ON_PLATFORM:
            return ""
        sources = {str(one.waits_for.get("source")) for one in self._waits}
        told = next((text for source, text in _TOLD_BY.items() if source in sources), "")
        if self.look is None:
            return told or "not looked at yet"
        if not self.look.is_answered:
            return "the platform did not answer; trying again"
        seen = Counter(self.look.statuses.get(one, "not seen yet") for one in self.process_ids)
        return told or ", ".join(
            f"{count} {status.replace('_', ' ')}" for status, count in sorted(seen.items())
        )

    @property
    def said(self) -> str:
        """How it stands, in a few words for those who listen."""
        return f"{self.source_name or self.run.dag_id}: {self.phase}"

    def steps(self) -> list[Step]:
        """Its life as a line of steps, those to come included."""
        return list(self._steps())

    def _steps(self) -> Iterator[Step]:
        rows, phase = self.rows, self.phase
        yield Step("Started", self.run.started_at, "", is_done=self.run.started_at is not None)
        counts = f"{rows['read']:,} rows read, {rows['accepted']:,} to send" if rows else ""
        yield Step(
            "Prepared", ended(self.run.tasks, PREPARE), counts or "reads and checks every row; sends nothing",
            is_done=bool(rows), is_now=phase == PREPARING,
        )  # fmt: skip
        if phase == ASKING:
            note = "somebody has to approve or reject the run under Required Actions"
            yield Step("Approval", None, note, is_done=False, is_now=True)
        is_submitted = 0 < self.batches <= self.submitted
        submitted = [moment(one.get("submitted_at")) for one in self.submissions]
        yield Step(
            "Submitted", max(filter(None, submitted), default=None), self._submission(), is_done=is_submitted,
            is_now=phase in (SUBMITTING, IN_LINE),
        )  # fmt: skip
        told = (
            ("last look", self.looked_at),
            ("next look by", self.next_look_at),
            ("gives up at", self.gives_up_at),
        )
        yield Step(
            "On the platform", None, self.platform, is_done=phase == VERIFYING,
            is_now=phase == ON_PLATFORM,
            moments=tuple((name, at) for name, at in told if at) if phase == ON_PLATFORM else (),
        )  # fmt: skip
        yield Step("Verified", ended(self.run.tasks, VERIFY), "", is_done=False, is_now=phase == VERIFYING)
        yield Step("Receipt", None, "", is_done=False)

    def _submission(self) -> str:
        if self.phase == IN_LINE:
            return "waits until other imports of the account have ended"
        if not self.batches:
            return ""
        ids = self.process_ids
        named = f", process {ids[0]}" if len(ids) == 1 else f", {len(ids):,} processes" if ids else ""
        return f"{self.submitted:,} of {self.batches:,} {'batch' if self.batches == 1 else 'batches'}{named}"

    @cached_property
    def _waits(self) -> list[RunningTask]:
        """The tasks that wait for this import's own processes, in the triggerer or in a worker."""
        waiting = [one for one in self.run.tasks if one.trigger == _TRIGGER and one.state == "deferred"]
        deferred = [
            one
            for one in waiting
            if one.operator == SENSOR or self._are_own(one.waits_for.get("process_ids"))
        ]
        return [*deferred, *(one for one in self.run.tasks if one.look)]

    def _are_own(self, process_ids: Any) -> bool:
        return isinstance(process_ids, (list, tuple)) and set(process_ids) <= {*self.process_ids, None}


def _is_at_work(task: RunningTask) -> bool:
    return task.operator == IMPORT and task.state == "running"


def _latest(seconds: list[Any]) -> datetime | None:
    """The latest of some moments in seconds since the epoch; what is none is left out."""
    known = [one for one in seconds if isinstance(one, (int, float)) and 0 < one < 1 << 33]
    return datetime.fromtimestamp(max(known), timezone.utc) if known else None
