"""Draw from several sources in proportion."""

import heapq
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

Item = TypeVar("Item")


def in_proportion(sources: Iterable[tuple[float, Iterator[Item]]]) -> Iterator[Item]:
    """Yield the items of all sources so that at any time each gave about its share; a source that ends gives way.

    `sources` are pairs of weight and items. The next item is always from the source with the highest weight /
    (2 * items given + 1), the first of equals: the Sainte-Laguë method. So the first n items are the same
    whatever is taken after them.
    """
    places = list(sources)
    if len(places) == 1:
        yield from places[0][1]
        return
    queue = [(_priority(weight, 0), place, 0) for place, (weight, _) in enumerate(places)]
    heapq.heapify(queue)
    while queue:
        _, place, given = queue[0]
        weight, items = places[place]
        try:
            item = next(items)
        except StopIteration:
            heapq.heappop(queue)
            continue
        heapq.heapreplace(queue, (_priority(weight, given + 1), place, given + 1))
        yield item


def _priority(weight: float, given: int) -> Fraction:
    """Return the negated quotient, exactly: rounding must not decide between equals."""
    return -Fraction(weight) / (2 * given + 1)
