"""Deciding about a request whose answer was lost: it may have been accepted, or not.

The platform has no idempotency key, and answers 524 while the job runs (api-contract §2.2, §7). What can be
known afterwards: whether our callback address was called; which imports the account has started since; and,
once these have ended, whether the contacts of our batch are on the lists with the values that were sent,
modified since. Others import into the same account, so a newer import is a candidate and no more, until
there is proof that it carried our batch.

==========  ===================  ==================================  ====================================
callback    newer imports        our contacts                        decision
==========  ===================  ==================================  ====================================
heard       one                  not compared                        adopt it
heard       several, some ended  not compared                        adopt the oldest that has ended
heard       several running      not compared                        await them
heard       none, or unknown     not compared                        adopt it without its id
not heard   unknown              not compared                        send again if harmless, or stop
not heard   none                 not compared                        send again: it was not accepted
not heard   some still running   not compared yet                    await them
not heard   one, ended           all that were compared are proved   adopt it
not heard   several, all ended   every one of the batch is proved    adopt the oldest that completed
not heard   all ended            anything else                       send again if harmless, or stop
==========  ===================  ==================================  ====================================

A contact is *proved* when it is on all the lists, holds the values that were sent, and was modified since the
request was about to be sent. If there is at least one, contacts count as well that a newer import reports
as rejected, by a rule that rejects them in any import (:mod:`.refused_rows`). Contacts that are not
proved do not prove the opposite: an import with ``updateExistingContacts=false`` leaves a contact that was on
the list as it is.

Sending again is harmless with ``updateExistingContacts`` into lists that exist: it changes no data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_contacts.api import Process
    from email_contacts.imports.submission.batch_sample import Comparison


class Verdict(Enum):
    """What to do about the request."""

    ADOPT = "adopt"
    AWAIT = "await"
    SEND_AGAIN = "send again"
    STOP = "stop"


@dataclass(frozen=True)
class Decision:
    """What to do, and what was known when it was decided.

    :param process_ids: the one that is adopted, none if its id is unknown; or all that are awaited.
    :param reason: for the log and the error, in words.
    :param candidates: where one was adopted of several that it may be, all of these.
    """

    verdict: Verdict
    reason: str
    process_ids: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()


def decide(
    *,
    called_at: str | None,
    newer: Sequence[Process] | None,
    compare: Callable[[], Comparison | None],
    is_harmless: bool,
) -> Decision:
    """Decide by the table above.

    :param called_at: when our callback address was called; None when it was not.
    :param newer: the imports that began after the newest process known before the request; None where
        that cannot be known.
    :param compare: holds the contacts of the batch against the lists; None where that cannot be done.
        Called once, when all newer imports have ended.
    :param is_harmless: whether sending the same request again would change no data.
    """
    known = _in_words(called_at, newer)
    if called_at is not None:
        return _of_heard(newer or (), known)
    if newer is None:
        return _by_policy(is_harmless, known)
    if not newer:
        return Decision(Verdict.SEND_AGAIN, f"{known}: it was not accepted")
    ids = tuple(sorted(process.id for process in newer))
    if any(process.is_running for process in newer):
        return Decision(Verdict.AWAIT, f"{known}: whether one is ours shows when they have ended", ids)
    comparison = compare()
    if comparison is None:
        return _by_policy(is_harmless, f"{known}, and the contacts of the batch cannot be looked up")
    known = f"{known}, and {comparison}"
    if not comparison.is_proof:
        return _by_policy(is_harmless, known)
    if len(ids) > 1 and not comparison.is_whole:
        return _by_policy(is_harmless, f"{known}, which one of several imports may have done in part")
    completed = sorted(process.id for process in newer if process.is_completed)
    adopted = tuple(completed[:1] or ids[:1])
    if len(ids) == 1:
        return Decision(Verdict.ADOPT, known, adopted)
    return Decision(
        Verdict.ADOPT, f"{known}; the process id may be that of another of these imports", adopted, ids
    )


def _of_heard(newer: Sequence[Process], known: str) -> Decision:
    """The callback is proof that it was accepted; what is left to find is its id."""
    if len(newer) == 1:
        return Decision(Verdict.ADOPT, known, (newer[0].id,))
    ended = sorted(process.id for process in newer if process.is_finished)
    if newer and not ended:
        return Decision(Verdict.AWAIT, known, tuple(sorted(process.id for process in newer)))
    return Decision(Verdict.ADOPT, known, tuple(ended[:1]), tuple(process.id for process in newer))


def _by_policy(is_harmless: bool, known: str) -> Decision:
    if is_harmless:
        return Decision(
            Verdict.SEND_AGAIN,
            f"{known}: not proved to be accepted, and a repeat into existing lists with "
            "updateExistingContacts changes no data",
        )
    return Decision(
        Verdict.STOP,
        f"{known}: neither proved to be accepted nor to be lost, and a repeat could change data (it is "
        "harmless only into existing lists with updateExistingContacts)",
    )


def _in_words(called_at: str | None, newer: Sequence[Process] | None) -> str:
    heard = f"its callback came at {called_at}" if called_at else "no callback came"
    if newer is None:
        return f"{heard}, and the imports started since are not known"
    if not newer:
        return f"{heard}, and the account has started no import since"
    named = ", ".join(f"{process.id} ({process.status})" for process in sorted(newer, key=lambda one: one.id))
    return f"{heard}, and the account has started since: {named}"
