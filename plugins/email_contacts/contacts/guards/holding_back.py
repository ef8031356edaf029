"""From what looking rows up came to, to the rows that are not sent: counted, listed, marked.

Knows row numbers, ids of contacts and reasons; ``held_back.csv`` has one line for each row (``row, reason,
contact_id, other_contact_id, other_row``). No value of a row is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.choices import HOLD_BACK, OVERRIDE
from email_contacts.contacts.guards.findings import FINDING, Findings, found_in_rows
from email_contacts.contacts.guards.looking_up import look_up
from email_contacts.contacts.guards.opt_outs import write_opt_outs
from email_contacts.contacts.guards.settings import (
    LONGEST_WAIT,
    NO_CONSENT,
    OPTED_OUT,
    WOULD_MERGE,
    Guards,
)
from email_contacts.contacts.staging.rejects import write_pairs
from email_contacts.contacts.staging.stage import HELD_BACK, Stage

_HEADER = ("row", "reason", "contact_id", "other_contact_id", "other_row")


@dataclass(frozen=True)
class HeldBack:
    """Rows that are not sent although they are valid.

    :param marks: for each row, numbered from 1, whether it is one of them.
    :param reasons: reason → rows; each row counts under one.
    :param uri: where they are listed; empty where none were looked for.
    :param summary: what was looked for, and as of when; empty where nothing was.
    """

    marks: Any
    reasons: Mapping[str, int] = field(default_factory=dict)
    uri: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)


def hold_back(
    guards: Guards | None,
    contacts: Callable[[], Iterable[Chosen]],
    superseded: Callable[[], Iterable[Chosen]],
    stage: Stage,
    *,
    body: str,
    head: bytes,
    identifiers: Collection[str],
    said_no: Any,
    opted_out: Any,
) -> HeldBack:
    """Look contacts up, and list those that are not sent.

    :param guards: what is looked up; None: nothing is.
    :param contacts: gives those that count.
    :param superseded: gives those in whose place they do, under their numbers.
    :param stage: where the list goes.
    :param body: the form that they are written in.
    :param head: what a body begins with.
    :param identifiers: which ones the rows have.
    :param said_no: for each row, numbered from 1, whether the source says that the person does not consent;
        such rows are held back in any case.
    :param opted_out: for each row whether another row of the person was rejected because she has opted out;
        these, too.
    :raises MirrorUnusable: when they cannot be looked up.
    """
    findings: list[tuple[str, Findings]] = []
    summary: dict[str, Any] = guards.summary if guards else {}
    for reason, marked in ((NO_CONSENT, said_no), (OPTED_OUT, opted_out)):
        if marked.any():
            # Where every row was rejected, there are no contacts.
            rows = np.concatenate(
                [np.empty(0, "<u4"), *(some.rows[marked[some.rows]] for some in contacts())]
            )
            findings.append((reason, found_in_rows(rows)))
    if guards and not guards.is_off:
        form: dict[str, Any] = {"body": body, "head": head, "identifiers": identifiers}
        found = look_up(guards, contacts(), superseded(), **form, said_no=said_no)
        if guards.propagates:
            digest = write_opt_outs(stage, found.to_opt_out, account=guards.account)
            summary["to_opt_out"] = len(found.to_opt_out)
            if summary["to_opt_out"]:
                summary["opt_outs_digest"] = digest
        summary["account"] = guards.account
        summary["mirror_as_of"] = found.version.as_of.isoformat(timespec="seconds")
        if HOLD_BACK in (guards.consent, guards.merges):
            send_until = found.version.as_of + guards.max_age + LONGEST_WAIT
            summary["send_until"] = send_until.isoformat(timespec="seconds")
        if guards.consent == HOLD_BACK:
            findings.append((OPTED_OUT, found.findings[OPTED_OUT]))
        elif guards.consent == OVERRIDE:
            summary["overridden"] = int(
                np.count_nonzero(~(said_no | opted_out)[found.findings[OPTED_OUT]["row"]])
            )
        findings.append((WOULD_MERGE, found.findings[WOULD_MERGE]))
    marks = np.zeros(len(said_no), bool)
    reasons: dict[str, int] = {}
    listed: list[tuple[str, Findings]] = []
    for reason, some in findings:
        some = some[~marks[some["row"]]]
        marks[some["row"]] = True
        if len(some):
            reasons[reason] = reasons.get(reason, 0) + len(some)
            listed.append((reason, some))
    if findings:
        _write(stage, listed)
    return HeldBack(marks, reasons, stage.uri(HELD_BACK) if findings else "", summary)


def _write(stage: Stage, listed: list[tuple[str, Findings]]) -> None:
    found = np.concatenate([np.empty(0, FINDING), *(some for _, some in listed)])
    reasons = np.array([reason for reason, some in listed for _ in range(len(some))], object)
    order = np.argsort(found["row"], kind="stable")
    # 0 is no contact and no row.
    row, *others = ([one or None for one in found[name][order].tolist()] for name in FINDING.names or ())
    write_pairs(stage.create(HELD_BACK), _HEADER, row, reasons[order].tolist(), *others)
