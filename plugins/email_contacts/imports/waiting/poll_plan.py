"""Which question to ask next, so that one request answers many waits and none starves.

The newest page of processes tells of most imports at once. An import that has left it is found on the page
where it stood, for counted from the oldest process its place does not change; where few are left, each is
asked for by its id. Decides only: sends nothing, and knows no clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from email_contacts.imports.waiting.process_status import PROCESS_PAGE

if TYPE_CHECKING:
    from email_contacts.api import Process


@dataclass(frozen=True)
class Question:
    """One request: a page of processes, or one process by its id.

    :param offset: processes to skip.
    :param ascending: counted from the oldest process instead of the newest.
    :param process_id: ask for this one; None: for the page.
    :param expected: the ids that the page is asked for.
    """

    offset: int = 0
    ascending: bool = False
    process_id: int | None = None
    expected: frozenset[int] = frozenset()

    @property
    def is_front(self) -> bool:
        """Whether it is the page of the newest processes."""
        return self.process_id is None and not self.ascending and self.offset == 0

    @property
    def is_targeted(self) -> bool:
        """Whether it goes to where its processes are known to be, rather than searching for them."""
        return self.process_id is not None or self.ascending


class PollPlan:
    """The ids that are wanted, what was seen of them, and the questions that are still open.

    Questions come in rounds. A round is the newest page, if it can tell anything, and a sweep over all ids
    that have left it; a sweep that the budget stretches over several rounds is finished before the next one
    begins, so every id gets its turn.
    """

    def __init__(self) -> None:
        self.seen: dict[int, Process] = {}
        self.missing: dict[int, str] = {}
        self.looks: Counter[int] = Counter()
        #: The newest page as it was last seen, how often it was seen, and how often it was asked for.
        self.newest_page: tuple[Process, ...] = ()
        self.page_answers = 0
        self.page_looks = 0
        self._page_wanted = 0
        self._wanted: Counter[int] = Counter()
        self._open: set[int] = set()
        # Joined since the newest page was looked at; or stood on it then.
        self._on_front: set[int] = set()
        self._front_is_due = False
        self._last_was_front = False
        # The ids of this sweep that are still to be asked for, and those that were.
        self._sweep: dict[int, None] = {}
        self._swept: set[int] = set()
        # Place of a process counted from the oldest one, which newer ones do not change.
        self._place: dict[int, int] = {}
        self._count = 0
        self._depth = PROCESS_PAGE

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits for an import that has not ended as far as was seen, or for the page."""
        return bool(self._open) or self._page_wanted > 0

    @property
    def is_sweeping(self) -> bool:
        """Whether ids that left the newest page wait for their turn."""
        return bool(self._sweep)

    def join(self, process_ids: Iterable[int]) -> None:
        """Want these ids; once more for each that is wanted already."""
        for one in process_ids:
            self._wanted[one] += 1
            if self._wanted[one] == 1:
                self._open.add(one)
                self._on_front.add(one)

    def leave(self, process_ids: Iterable[int]) -> None:
        """Want them no more; an id that no wait wants is forgotten."""
        for one in process_ids:
            self._wanted[one] -= 1
            if self._wanted[one] <= 0:
                del self._wanted[one]
                self._close(one)
                self._swept.discard(one)
                self.seen.pop(one, None)
                self.missing.pop(one, None)
                self.looks.pop(one, None)
                self._place.pop(one, None)

    def want_page(self) -> None:
        """Want the newest page for its own sake: it tells how many imports run in the account."""
        self._page_wanted += 1

    def spare_page(self) -> None:
        """Want the page no more on behalf of one who did."""
        self._page_wanted -= 1

    def hurry(self, process_ids: Iterable[int]) -> None:
        """Ask for these first, in the round that begins next."""
        left = [one for one in process_ids if one in self._open and one not in self._on_front]
        self._sweep = {**dict.fromkeys(left), **self._sweep}

    def begin(self) -> None:
        """Begin a round. An unfinished sweep continues."""
        self._front_is_due = self._page_wanted > 0 or (len(self._open) > 1 and bool(self._on_front))
        if not self._sweep:
            self._swept.clear()
            self._depth = PROCESS_PAGE
            alone = len(self._open) == 1 and not self._page_wanted
            self._sweep_over(self._open if alone else self._open - self._on_front)

    def next(self) -> Question | None:
        """The next question of this round, or None when it is over. Page and sweep take turns."""
        if self._front_is_due and not (self._sweep and self._last_was_front):
            return Question(expected=frozenset(self._on_front))
        if not self._sweep:
            return None
        first = next(iter(self._sweep))
        if first in self._place:
            return self._page_around(first)
        lost = [one for one in self._sweep if one not in self._place]
        pages = -(-(self._count - self._depth) // PROCESS_PAGE)
        # Of those whose place is not known, say after a restart, pages tell sooner when there are many.
        if len(lost) > 1 and 0 < pages <= len(lost):
            return Question(offset=self._depth, expected=frozenset(lost))
        return Question(process_id=first, expected=frozenset([first]))

    def record(self, question: Question, processes: Sequence[Process], count: int) -> set[int]:
        """Take in an answer.

        :param processes: of the page, in its order; or the one process.
        :param count: how many processes the platform has; of no meaning for one process.
        :return: the wanted ids that it answered.
        """
        told = {process.id: process for process in processes if process.id in self._wanted}
        self.seen |= told
        self.looks.update(told.keys())
        self._last_was_front = question.is_front
        if question.process_id is None:
            self._count = count
            self._remember_places(question, processes, count)
        if question.is_front:
            self._front_is_due = False
            self.newest_page = tuple(processes)
            self.page_answers += 1
            self.page_looks += 1
            left, self._on_front = self._on_front - told.keys(), self._open & told.keys()
            self._sweep_over(left - self._swept)
        elif question.ascending:
            # Not where it stood, as older processes have been removed; it is asked for by its id now.
            for one in question.expected - told.keys():
                self._place.pop(one, None)
        self._had_their_turn(question, told.keys())
        for process in told.values():
            if process.is_finished:
                self._close(process.id)
        return set(told)

    def failed(self, question: Question) -> None:
        """Note that there was no answer: those it was for have had their turn, until the next round."""
        self.looks.update(question.expected & self._wanted.keys())
        self._last_was_front = question.is_front
        if question.is_front:
            self._front_is_due = False
            self.page_looks += 1
        self._had_their_turn(question, question.expected if question.is_targeted else ())

    def unknown(self, process_id: int, why: str) -> None:
        """Note that the platform knows no such process: it is not asked for again."""
        self.missing[process_id] = why
        self.looks[process_id] += 1
        self._close(process_id)

    def _remember_places(self, question: Question, processes: Sequence[Process], count: int) -> None:
        for place, process in enumerate(processes, start=question.offset):
            from_oldest = place if question.ascending else count - 1 - place
            if process.id in self._wanted and from_oldest >= 0:
                self._place[process.id] = from_oldest

    def _had_their_turn(self, question: Question, process_ids: Iterable[int]) -> None:
        if not question.is_front:
            self._swept |= set(process_ids)
            if not question.is_targeted:
                self._depth = question.offset + PROCESS_PAGE
        for one in process_ids:
            self._sweep.pop(one, None)

    def _sweep_over(self, process_ids: Iterable[int]) -> None:
        """Add ids to the sweep; those whose place is not known first, then from the oldest on."""
        ordered = sorted(process_ids, key=lambda one: (self._place.get(one, -1), one))
        self._sweep |= dict.fromkeys(ordered)

    def _page_around(self, process_id: int) -> Question:
        """The page that begins at this process, if others that are due stand on it, too."""
        begin = self._place[process_id]
        end = begin + PROCESS_PAGE
        there = frozenset(one for one in self._sweep if begin <= self._place.get(one, -1) < end)
        if len(there) < 2:
            return Question(process_id=process_id, expected=there)
        return Question(offset=begin, ascending=True, expected=there)

    def _close(self, process_id: int) -> None:
        self._open.discard(process_id)
        self._on_front.discard(process_id)
        self._sweep.pop(process_id, None)
