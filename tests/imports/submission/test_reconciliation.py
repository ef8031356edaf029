"""What is decided about a request whose answer was lost: every row of the table, and the words for it."""

from __future__ import annotations

import pytest

from email_contacts.api import Process
from email_contacts.imports.submission.batch_sample import Comparison
from email_contacts.imports.submission.reconciliation import Decision, Verdict, decide

HEARD = "2026-11-22T10:00:00+00:00"


def imports(**statuses: str) -> tuple[Process, ...]:
    """Imports of the account, the newest first: ``imports(p8="completed")``."""
    made = [Process(int(name[1:]), "IMPORTUSER", status) for name, status in statuses.items()]
    return tuple(sorted(made, key=lambda one: -one.id))


ALL = Comparison(40, 40, 40, 40, 40)
SAMPLE = Comparison(1000, 106, 106, 106, 106)
# Each is one contact short of proof.
UNPROVED = (
    Comparison(40, 40, 39, 39, 39),
    Comparison(40, 40, 40, 39, 39),
    Comparison(40, 40, 40, 40, 39),
    Comparison(40, 40, 0, 0, 0),
    Comparison(1000, 106, 106, 106, 105),
)


def never() -> Comparison | None:
    raise AssertionError("the contacts are not to be compared")


def decided(
    newer: tuple[Process, ...] | None,
    *,
    called_at: str | None = None,
    found: Comparison | str | None = "never",
    is_harmless: bool = True,
) -> Decision:
    return decide(
        called_at=called_at,
        newer=newer,
        compare=never if isinstance(found, str) else (lambda: found),
        is_harmless=is_harmless,
    )


@pytest.mark.parametrize(
    ("newer", "adopted"),
    [
        (imports(p8="completed"), (8,)),
        (imports(p8="in_process"), (8,)),  # the call came before the end
        (imports(p8="failed"), (8,)),
        (imports(p8="in_process", p9="completed", p10="completed"), (9,)),
        ((), ()),
        (None, ()),
    ],
)
def test_a_callback_that_was_heard_proves_that_it_was_accepted(
    newer: tuple[Process, ...] | None, adopted: tuple[int, ...]
) -> None:
    decision = decided(newer, called_at=HEARD, is_harmless=False)
    assert (decision.verdict, decision.process_ids) == (Verdict.ADOPT, adopted)
    assert HEARD in decision.reason


def test_of_several_that_run_on_after_the_callback_nobody_knows_yet_which() -> None:
    decision = decided(imports(p8="queued", p9="in_process"), called_at=HEARD)
    assert (decision.verdict, decision.process_ids) == (Verdict.AWAIT, (8, 9))


@pytest.mark.parametrize("status", ["queued", "in_process", "processing", "a word of tomorrow"])
def test_a_newer_import_is_only_a_candidate_until_it_has_ended(status: str) -> None:
    decision = decided(imports(p8="completed", p9=status))
    assert (decision.verdict, decision.process_ids) == (Verdict.AWAIT, (8, 9))
    assert "9" in decision.reason
    assert status in decision.reason


@pytest.mark.parametrize(
    ("newer", "adopted"),
    [
        (imports(p8="completed"), 8),
        (imports(p8="completed", p9="completed"), 8),
        (imports(p8="failed", p9="completed"), 9),
        (imports(p8="failed"), 8),
    ],
)
@pytest.mark.parametrize("is_harmless", [True, False])
def test_every_contact_with_what_was_sent_proves_it(
    newer: tuple[Process, ...], adopted: int, is_harmless: bool
) -> None:
    decision = decided(newer, found=ALL, is_harmless=is_harmless)
    assert (decision.verdict, decision.process_ids) == (Verdict.ADOPT, (adopted,))
    assert ("may be that of another" in decision.reason) is (len(newer) > 1)


@pytest.mark.parametrize("is_harmless", [True, False])
def test_a_sample_proves_it_where_there_is_one_candidate(is_harmless: bool) -> None:
    decision = decided(imports(p8="completed"), found=SAMPLE, is_harmless=is_harmless)
    assert (decision.verdict, decision.process_ids) == (Verdict.ADOPT, (8,))
    assert "a sample of 1000" in decision.reason


@pytest.mark.parametrize(("is_harmless", "verdict"), [(True, Verdict.SEND_AGAIN), (False, Verdict.STOP)])
def test_among_several_candidates_a_sample_is_not_enough(is_harmless: bool, verdict: Verdict) -> None:
    newer = imports(p8="completed", p9="completed")
    assert decided(newer, found=SAMPLE, is_harmless=is_harmless).verdict is verdict


@pytest.mark.parametrize(("is_harmless", "verdict"), [(True, Verdict.SEND_AGAIN), (False, Verdict.STOP)])
@pytest.mark.parametrize("found", UNPROVED)
def test_contacts_that_are_not_proved_are_sent_again_only_where_that_is_harmless(
    found: Comparison, is_harmless: bool, verdict: Verdict
) -> None:
    """An import without updates leaves contacts that were on the list as they are: that proves no loss."""
    decision = decided(imports(p8="completed"), found=found, is_harmless=is_harmless)
    assert decision.verdict is verdict
    assert str(found) in decision.reason


@pytest.mark.parametrize("is_harmless", [True, False])
def test_where_the_account_has_begun_nothing_it_was_not_accepted(is_harmless: bool) -> None:
    assert decided((), is_harmless=is_harmless).verdict is Verdict.SEND_AGAIN


@pytest.mark.parametrize(("is_harmless", "verdict"), [(True, Verdict.SEND_AGAIN), (False, Verdict.STOP)])
@pytest.mark.parametrize(("newer", "found"), [(None, "never"), (imports(p8="completed"), None)])
def test_where_nobody_can_tell_a_harmless_repeat_is_better_than_a_loss(
    newer: tuple[Process, ...] | None, found: str | None, is_harmless: bool, verdict: Verdict
) -> None:
    decision = decided(newer, found=found, is_harmless=is_harmless)
    assert decision.verdict is verdict
    assert "proved" in decision.reason
