"""A number of samples, by hash or the most different ones: the same in any order, and fewer are a subset of more."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Literal

from magicoder_gen import sketches
from magicoder_gen.export import fields
from magicoder_gen.export.fields import CATEGORY, Row
from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Options, Positive, Record

if TYPE_CHECKING:
    import numpy as np

_COMPARED = 100_000
"""Samples that are compared with each other, at most: time grows with the square of it."""
_PORTION = 1000  # samples whose texts are held


class _Member(Record, frozen=True, order=True):
    """A sample of a group: its hash, and its number among those that were read."""

    hash: str
    number: int


class Select(Options, frozen=True):
    """`rows` samples, all where there are no more: chosen by hash, or, `by: diversity`, those that differ most.

    `balance` names a field or a label (`language`, `category`, `labels.NAME`), whose values take turns, each giving
    one sample a round until it has no more; null counts as a value. null = no balance. Diversity is that of the word
    pairs of problem and solution, within each value that is balanced: 20 000 out of 75 000 take half a minute.
    """

    rows: Positive
    balance: str | None = None
    by: Literal["hash", "diversity"] = "hash"

    def __post_init__(self) -> None:
        if self.balance is not None:
            fields.named(self.balance)

    @property
    def asks_category(self) -> bool:
        """Whether samples must have their category."""
        return self.balance == CATEGORY

    def chosen(self, numbered: Iterable[tuple[int, Row]]) -> set[int]:
        """Return the numbers of the samples that are chosen; reads them once."""
        groups: dict[str, list[_Member]] = {}
        field = fields.named(self.balance) if self.balance else None
        drawn = _Sketches() if self.by == "diversity" else None
        for number, row in numbered:
            group = digest(["select", field.of(row) if field else None])
            groups.setdefault(group, []).append(_Member(digest(["select", row.sample.id]), number))
            if drawn:
                drawn.add(number, f"{row.sample.problem}\n{row.sample.solution}")
        shares = _shares({group: len(members) for group, members in groups.items()}, self.rows)
        found: set[int] = set()
        for group, share in shares.items():
            members = sorted(groups[group])
            order = drawn.spread(members) if drawn else (member.number for member in members)
            found.update(islice(order, share))
        return found


def _shares(sizes: dict[str, int], rows: int) -> dict[str, int]:
    """Return how many of `rows` each group gives, if they take turns in the order of their names."""
    given = dict.fromkeys(sorted(sizes), 0)
    left = min(rows, sum(sizes.values()))
    while left:
        rest = [group for group in given if given[group] < sizes[group]]
        turns = min(left // len(rest), *(sizes[group] - given[group] for group in rest))
        for group in rest if turns else rest[:left]:
            given[group] += max(1, turns)
            left -= max(1, turns)
    return given


class _Sketches:
    """What is known of samples' texts, 64 bytes each, by their numbers."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._texts: list[str] = []
        self._parts: list[np.ndarray] = []

    def add(self, number: int, text: str) -> None:
        """Take note of a sample."""
        self._places[number] = len(self._places)
        self._texts.append(text)
        if len(self._texts) == _PORTION:
            self._draw()

    def spread(self, members: list[_Member]) -> Iterator[int]:
        """Yield the numbers of `members`, each time one that is farthest from all before, beginning with the first.

        More than _COMPARED are dealt to portions, which take turns; the choice of each is its own.
        """
        import numpy as np

        self._draw()
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        portions = -(-len(members) // _COMPARED)
        orders = (self._farthest(members[first::portions]) for first in range(portions))
        dealt = chain.from_iterable(zip_longest(*orders))
        return (number for number in dealt if number is not None)

    def _farthest(self, members: list[_Member]) -> Iterator[int]:
        rows = self._parts[0][[self._places[member.number] for member in members]]
        return (members[place].number for place in sketches.farthest_first(rows))

    def _draw(self) -> None:
        if self._texts:
            self._parts.append(sketches.sketches(self._texts))
            self._texts.clear()
