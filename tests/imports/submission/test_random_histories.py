"""Whatever happens around an import: what a successful run sent has arrived, and nothing is done twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from email_contacts.imports import failpoints
from email_contacts.imports.submission import import_record, ledger
from email_contacts.imports.submission.batch_sample import BatchSample, Comparison
from email_contacts.imports.submission.ledger import Ledger
from email_contacts.imports.submission.recent_imports import RecentProcesses
from tests.amount import amount
from tests.imports.submission.histories import History, Violation

HISTORIES = 2000
SHARES = 4


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Plays a history: its moments and its clock are those of the package."""
    now: list[History] = []
    logging.disable(logging.CRITICAL)  # some ten thousand lines, which nobody reads
    monkeypatch.setattr(failpoints, "_listeners", [lambda moment: now[-1].happen(moment)])
    monkeypatch.setattr(ledger, "now", lambda: now[-1].platform.tick())
    monkeypatch.setattr(import_record, "now", lambda: now[-1].platform.tick())

    def played(seed: int, **how: Any) -> History:
        now.append(History(seed, **how))
        now[-1].play()
        return now[-1]

    yield played
    logging.disable(logging.NOTSET)
    assert now, "no history was played"


@pytest.mark.parametrize("share", range(SHARES))
def test_every_row_of_a_successful_run_arrived(share: int, play: Any) -> None:
    histories = amount(HISTORIES, quick=200)
    outcomes = [play(seed).outcome for seed in range(share, histories, SHARES)]
    assert outcomes.count("success") > len(outcomes) / 2
    assert outcomes.count("stopped") > 0


def test_where_nobody_else_is_about_nothing_is_accepted_twice(play: Any) -> None:
    """Were everything sent again that is not answered, the property above would hold as well."""
    for seed in range(amount(300, quick=60)):
        history = play(seed, strangers=False)
        whole = [one for one in history.accepted if history.platform.jobs[one - 1].status == "completed"]
        assert len(whole) <= 1, (seed, history.story)


def by_a_few_contacts(
    sample: BatchSample, client: Any, list_ids: Sequence[int], *, since: str, **_: Any
) -> Comparison:
    """The rule of old: more than half of five contacts are on the lists, modified since."""
    few = list(sample.sent)[:: max(1, len(sample.sent) // 5)][:5]
    contacts = [client.contacts.get(one.identifiers["EMAIL"]) for one in few]
    shown = [one.shown() for one in contacts if one is not None]
    found = [one for one in shown if set(list_ids) <= set(one["listIds"]) and one["modifiedAt"] >= since]
    number = len(few) if len(found) * 2 > len(few) else 0
    return Comparison(len(few), len(few), number, number, number)


def of_one_page(recent: RecentProcesses, process_id: int) -> tuple[Any, ...]:
    """The rule of old: what is not on the newest page was not begun."""
    return tuple(one for one in recent._seen.values() if one.is_import and one.id > process_id)


def never_confirmed(*_: Any) -> None:
    """The rule of old: whoever wrote an intent sends, however long ago that was."""


@pytest.mark.parametrize(
    ("where", "names", "rule"),
    [
        (BatchSample, ["compare"], by_a_few_contacts),
        (RecentProcesses, ["imports_since"], of_one_page),
        (Ledger, ["confirm", "check_own"], never_confirmed),
    ],
    ids=["a few contacts", "one page", "no confirmation"],
)
def test_the_histories_find_each_rule_of_old(
    where: type, names: list[str], rule: Any, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names:
        monkeypatch.setattr(where, name, rule)

    def search() -> None:
        for seed in range(HISTORIES):
            play(seed)

    with pytest.raises(Violation):
        search()
