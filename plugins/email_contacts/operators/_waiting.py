"""How a task waits for imports: in the worker, or in the triggerer without one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.configuration import conf

from email_contacts.arguments import InvalidArgument
from email_contacts.imports.waiting.completion import AUTO, CALLBACK, nobody_called
from email_contacts.imports.waiting.look_note import LookReport
from email_contacts.imports.waiting.worker_wait import WaitOutcome, pauses, wait_here
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.import_arguments import WaitArguments
from email_contacts.trigger import RESUME_GRACE, ImportCompletedTrigger, ImportQueueTrigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from email_contacts.imports.queue.submission_queue import SubmissionQueue, Turn
    from email_contacts.imports.waiting.completion_signals import CompletionSignals


class WaitingOperator(ContactsOperator):
    """An operator that may wait in the triggerer.

    It is resumed through ``resume_submission`` when it may submit, and through ``execute_complete`` when its
    own import has ended.
    """

    deferrable: bool
    notify_url: Any

    @cached_property
    def _waits(self) -> WaitArguments:
        """The rendered arguments of its waits."""
        waits, dag = WaitArguments.read(vars(self)), self.get_dag()
        waiter = waits.wait_task_id
        if waiter and dag is not None and not dag.has_task(waiter):
            grouped = [repr(one) for one in dag.task_ids if one.endswith(f".{waiter}")]
            self.log.warning(
                "wait_task_id=%r is not a task of the DAG, so the platform's callback wakes no task, and the "
                "end is only seen by polling; pass the task_id of the operator that waits, which in a task "
                "group has the group's id before it%s",
                waiter,
                f" ({', '.join(grouped)})" if grouped else "",
            )
        return waits

    def _turn(self, queue: SubmissionQueue) -> Turn:
        self._check_that_the_end_can_be_seen()
        if conf.getboolean("state_store", "clear_on_success", fallback=False):
            self.log.warning(
                "[state_store] clear_on_success is on: what this task knows of its import is removed when it "
                "succeeds, so if it is cleared while the import runs, the batch is sent again. Leave it off"
            )
        if not self.deferrable:
            return queue.wait_here()
        return queue.enter() or self._defer_in_queue(queue)

    def _check_that_the_end_can_be_seen(self) -> None:
        """Refuse what the platform would accept, and what no wait could see the end of, before it is sent."""
        waits = self._waits.wait_for_completion or bool(self._waits.wait_task_id)
        if waits and self.notify_url and self.hook.settings.completion_source == CALLBACK:
            raise InvalidArgument(
                f"notify_url is given, and the completion_source of connection {self.conn_id!r} is "
                "'callback', so the platform would call your address only, and no task would learn of the "
                "end. Leave notify_url out, set completion_source to 'auto', or do not wait: "
                "wait_for_completion=False, and no wait_task_id"
            )

    def _defer_in_queue(self, queue: SubmissionQueue) -> NoReturn:
        place = queue.join()
        self.defer(
            trigger=ImportQueueTrigger(
                conn_id=self.conn_id,
                waiting_task=queue.task,
                arrived=place.ticket.arrived,
                deadline=place.deadline,
                not_before=time.time() + RESUME_GRACE,
                max_running=self.hook.settings.max_running_imports,
                poll_interval=self._waits.poll_interval,
            ),
            method_name="resume_submission",
        )
        raise AssertionError("defer() does not return")

    def _wait(
        self,
        ids: Sequence[int | None],
        deadline: float,
        *,
        enough: str = "all",
        signals: Sequence[CompletionSignals] = (),
        called: Callable[[CompletionSignals], bool] = nobody_called,
        then: str = "execute_complete",
        kwargs: dict[str, Any] | None = None,
        push: Callable[[str, Any], Any] | None = None,
    ) -> WaitOutcome:
        """Wait in the worker and come back, or in the triggerer and come back through the method ``then``.

        :param push: pushes an XCom; a wait in the worker leaves its last look there.
        """
        settings = self.hook.settings
        # Of other people's imports only their processes can tell the end.
        source = settings.completion_source if signals else AUTO
        if self.deferrable:
            self.defer(
                trigger=ImportCompletedTrigger(
                    conn_id=self.conn_id,
                    process_ids=ids,
                    deadline=deadline,
                    not_before=time.time() + RESUME_GRACE,
                    enough=enough,
                    poll_interval=self._waits.poll_interval,
                    source=source,
                    evidence=[one.to_json() for one in signals],
                ),
                method_name=then,
                kwargs=kwargs,
            )
        return wait_here(
            self.hook.client,
            ids,
            deadline=deadline,
            pauses=pauses(settings.process_polls_per_hour, every=self._waits.poll_interval),
            enough=enough,
            evidence=signals,
            source=source,
            called=called,
            reserve=self.hook.budget.reserve,
            report=LookReport(push, deadline, source) if push else None,
        )
