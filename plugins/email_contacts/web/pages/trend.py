"""How the imports of a list went over time: rows, rejects and duration as small charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from email_contacts.web.pages.page_response import duration

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView
    from email_contacts.web.pages.imports_filter import ImportsFilter

# Imports that a chart shows at most, and lists that have one at most.
MAX_POINTS, MAX_LISTS = 40, 4
# A chart is so high; each import has so much of its width, of which the bar takes a part.
HEIGHT, SLOT, BAR = 40, 10, 7
# With fewer imports than this a chart is not filled, for two bars would be two walls.
MIN_SLOTS = 20
# So much is seen of what is not 0, and of an import that did not complete, however little came of it.
_VISIBLE = 2.0


class Bar(NamedTuple):
    """An import in a chart, in its units; ``is_bad``: it did not complete."""

    x: int
    y: float
    height: float
    is_bad: bool


@dataclass(frozen=True)
class Chart:
    """One figure of the imports of a list.

    :param kind: what is shown: ``accepted``, ``rejected``, ``duration``.
    :param largest: the largest value, in words.
    :param latest: that of the latest import.
    :param bars: the earliest import first.
    """

    kind: str
    largest: str
    latest: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Trend:
    """The imports of one list over time.

    :param list_id: of the list.
    :param name: of the list, where it is known.
    :param imports: the earliest first.
    """

    list_id: int
    name: str
    imports: tuple[ImportView, ...]

    @property
    def width(self) -> int:
        """The width of each chart."""
        return SLOT * max(len(self.imports), MIN_SLOTS)

    @property
    def charts(self) -> Iterator[Chart]:
        """Each figure by its own scale: a few rejected rows among a million are seen, too."""
        for kind, figure, words in _FIGURES:
            values = [figure(one) for one in self.imports]
            top = max(values)
            bars = tuple(_bar(place, value, top, self.imports[place]) for place, value in enumerate(values))
            yield Chart(kind, words(top), words(values[-1]), bars)


def trends(imports: Sequence[ImportView], asked: ImportsFilter) -> list[Trend]:
    """The trends of the lists that a filter asks for; none of a list that has a single import.

    :param imports: the newest first.
    """
    by_list: dict[tuple[str, int], list[ImportView]] = {}
    names: dict[tuple[str, int], str] = {}
    for one in imports:
        for it in one.lists:
            if asked.asks_for_list(it.id, it.name):
                # Two accounts may have a list of one number.
                key = (one.conn_id, it.id)
                by_list.setdefault(key, []).append(one)
                names[key] = names.get(key) or it.name
    several = [(key, found) for key, found in by_list.items() if len(found) > 1]
    return [
        Trend(key[1], names[key], tuple(reversed(found[:MAX_POINTS]))) for key, found in several[:MAX_LISTS]
    ]


def _bar(place: int, value: float, top: float, one: ImportView) -> Bar:
    height = HEIGHT * value / top if top else 0.0
    if value or not one.is_good:
        height = max(height, _VISIBLE)
    return Bar(place * SLOT, round(HEIGHT - height, 2), round(height, 2), not one.is_good)


_FIGURES: tuple[tuple[str, Callable[[ImportView], float], Callable[[float], str]], ...] = (
    ("accepted", lambda one: one.receipt.rows.accepted, lambda rows: f"{rows:,}"),
    ("rejected", lambda one: one.rejected, lambda rows: f"{rows:,}"),
    ("duration", lambda one: one.seconds or 0.0, duration),
)
