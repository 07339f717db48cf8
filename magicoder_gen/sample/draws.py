"""Snippets drawn from documents, before it is known which of them become seeds."""

import heapq
from collections.abc import Iterator

import msgspec

from magicoder_gen.fingerprint import digest
from magicoder_gen.records import Document, Origin, Record, Seed, Skipped


class Draw(Record, frozen=True):
    """A snippet: lines `first_line` to `last_line` (from 1, inclusive) of a document."""

    document_id: str
    text: str
    language: str
    first_line: int
    last_line: int
    origin: Origin

    @classmethod
    def of(cls, document: Document, text: str, *, first_line: int, last_line: int) -> "Draw":
        """Return the draw of `text` from `document`."""
        return cls(document.id, text, document.language, first_line, last_line, document.origin)

    def seed(self, index: int) -> Seed:
        """Return the seed at place `index` of the run."""
        return Seed(
            digest([self.document_id, self.first_line, self.last_line]),
            self.text,
            self.language,
            self.first_line,
            self.last_line,
            self.origin,
            index,
        )


class Smallest:
    """Keeps the `num` draws with the smallest keys, each document once; memory O(num).

    With keys that are digests this is a uniform sample of the documents that does not depend on their
    order, and a larger `num` extends a smaller one. Of documents with the same key, hence the same text,
    the first in order of language and origin stands for all.
    """

    def __init__(self, num: int) -> None:
        self._num = num
        self._heap: list[int] = []  # negated keys: the largest key on top
        self._kept: dict[int, tuple[Draw, int]] = {}  # key to draw and how many further documents equal it

    def offer(self, key: int, draw: Draw) -> Iterator[Skipped]:
        """Keep `draw` if its key is among the smallest so far; yield what is thereby certainly not drawn."""
        if key in self._kept:
            other, copies = self._kept[key]
            self._kept[key] = (min(draw, other, key=_preference), copies + 1)
        elif len(self._heap) < self._num:
            heapq.heappush(self._heap, -key)
            self._kept[key] = (draw, 0)
        elif key < -self._heap[0]:
            dropped, copies = self._kept.pop(-heapq.heapreplace(self._heap, -key))
            self._kept[key] = (draw, 0)
            yield from [Skipped("not_drawn", dropped.origin)] * (1 + copies)
        else:
            yield Skipped("not_drawn", draw.origin)

    def outcomes(self) -> Iterator[Seed | Skipped]:
        """Yield the seeds in the order of their keys, and `duplicate` for each further equal document."""
        for index, key in enumerate(sorted(self._kept)):
            draw, copies = self._kept[key]
            yield draw.seed(index)
            yield from [Skipped("duplicate", draw.origin)] * copies


def _preference(draw: Draw) -> tuple[str, ...]:
    return (draw.language, *(value or "" for value in msgspec.structs.astuple(draw.origin)))
