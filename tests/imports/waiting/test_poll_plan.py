"""The questions: few of them, and every id gets its turn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.api import Process
from email_contacts.imports.waiting.poll_plan import PollPlan, Question
from tests.amount import amount


class Platform:
    """Processes by id, the newest first on a page."""

    def __init__(self, ids: list[int], ended: set[int] | None = None) -> None:
        self.ids = sorted(ids)
        self.ended = ended or set()

    def process(self, one: int) -> Process:
        return Process(one, "IMPORTUSER", "completed" if one in self.ended else "in_process")

    def answer(self, question: Question) -> tuple[list[Process], int]:
        if question.process_id is not None:
            return [self.process(question.process_id)], 0
        ordered = self.ids if question.ascending else self.ids[::-1]
        page = ordered[question.offset : question.offset + 50]
        return [self.process(one) for one in page], len(self.ids)


def round_of(plan: PollPlan, platform: Platform) -> list[Question]:
    """All questions of one round, answered."""
    plan.begin()
    asked = []
    while (question := plan.next()) is not None:
        asked.append(question)
        assert len(asked) < 5000, "the round has no end"
        plan.record(question, *platform.answer(question))
    return asked


def watching(*ids: int) -> PollPlan:
    plan = PollPlan()
    plan.join(ids)
    return plan


def test_one_import_is_asked_for_by_its_id() -> None:
    assert round_of(watching(7), Platform([7])) == [Question(process_id=7, expected=frozenset([7]))]


def test_the_newest_page_tells_of_many() -> None:
    plan = watching(*range(1, 51))
    assert len(round_of(plan, Platform(list(range(1, 51))))) == 1
    assert len(plan.seen) == 50


def test_a_thousand_cost_a_page_for_each_fifty() -> None:
    """Also at first, when nobody knows where they stand, and when strangers' newer ones cover the page."""
    platform = Platform(list(range(1, 1001)))
    plan = watching(*range(1, 1001))
    assert len(round_of(plan, platform)) == 20
    platform.ids += range(1001, 1101)
    assert len(round_of(plan, platform)) == 21
    # Nothing of ours is on the newest page any more, so it is not asked for.
    assert len(round_of(plan, platform)) == 20
    assert min(plan.looks.values()) == 3


def test_a_few_among_many_are_asked_for_singly() -> None:
    platform = Platform(list(range(1, 10_001)))
    plan = watching(3, 5000, 9999)
    first = round_of(plan, platform)
    assert [question.process_id for question in first] == [None, 3, 5000]
    assert len(round_of(plan, platform)) == 3


def test_those_that_stand_together_share_a_page_wherever_it_is() -> None:
    platform = Platform(list(range(1, 101)))
    plan = watching(*range(51, 101))
    round_of(plan, platform)
    platform.ids += range(101, 10_001)
    round_of(plan, platform)
    (only,) = round_of(plan, platform)
    assert only.ascending
    assert only.offset == 50


def test_where_older_processes_were_removed_they_are_found_again() -> None:
    platform = Platform(list(range(1, 201)))
    plan = watching(*range(101, 151))
    round_of(plan, platform)
    del platform.ids[:60]
    before = dict(plan.looks)
    round_of(plan, platform)
    assert all(plan.looks[one] > before.get(one, 0) for one in range(101, 151))


def test_what_has_ended_is_not_asked_for_again() -> None:
    platform = Platform([1, 2, 3], ended={1, 2, 3})
    plan = watching(1, 2, 3)
    assert len(round_of(plan, platform)) == 1
    assert not plan.is_wanted
    assert round_of(plan, platform) == []


def test_nothing_is_kept_of_what_nobody_wants() -> None:
    plan = watching(*range(1, 200))
    plan.join([5])
    round_of(plan, Platform(list(range(1, 300))))
    plan.leave(range(1, 200))
    assert set(plan.seen) == {5}
    plan.leave([5])
    kept = {name: value for name, value in vars(plan).items() if isinstance(value, (dict, set))}
    assert not any(kept.values()), kept


@settings(max_examples=amount(60, quick=10), deadline=None)
@given(st.data())
def test_every_round_asks_for_every_open_id_whatever_happens(data: st.DataObject) -> None:
    """Others submit, old processes vanish from the end, answers are lost, imports end, waits come and go."""
    ids = list(range(1, data.draw(st.integers(1, 400)) + 1))
    platform = Platform(ids)
    wanted = set(data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=120, unique=True)))
    plan = watching(*wanted)
    for _ in range(data.draw(st.integers(1, 5))):
        newest = platform.ids[-1]
        platform.ids += range(newest + 1, newest + 1 + data.draw(st.integers(0, 120)))
        removable = min(wanted) - 1
        platform.ids = [one for one in platform.ids if one > data.draw(st.integers(0, removable))]
        platform.ended |= set(data.draw(st.lists(st.sampled_from(sorted(wanted)), max_size=10)))
        lost = data.draw(st.sets(st.integers(0, 30), max_size=5))
        before = {one: plan.looks[one] for one in wanted if one not in plan.seen
                  or not plan.seen[one].is_finished}  # fmt: skip
        plan.begin()
        for number in range(2000):
            question = plan.next()
            if question is None:
                break
            if number in lost:
                plan.failed(question)
            else:
                plan.record(question, *platform.answer(question))
        else:
            raise AssertionError("the round has no end")
        if not lost:
            assert all(plan.looks[one] > looks for one, looks in before.items())
            assert not plan.is_sweeping
