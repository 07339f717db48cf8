"""Snippets that say almost what an earlier one says."""

from array import array
from typing import Annotated

import msgspec

from magicoder_gen import sketches
from magicoder_gen.records import Block

_RECALL = 0.995  # of pairs just at the threshold, at least this share is compared
_FIRST_SLOTS = 1 << 12


class NearDuplicates(Block, frozen=True):
    """No snippet that is nearly the same as one already taken; the earlier one stays.

    Nearly the same: the pairs of neighbouring words that both have are at least the share `threshold` of those that one
    has (Jaccard similarity). MinHash finds the candidates (at least 99.5 % of those at the threshold, more above),
    comparing decides. Snippets of a word or none are the same only if they are equal but for the space around them.
    Dropped where measured: 8 % of 20 000 snippets of installed packages, most of them licences, imports and endings;
    1 % of what the other checks of the preset `strict` leave.
    """

    threshold: Annotated[float, msgspec.Meta(ge=0.3, le=1)] = 0.7

    def index(self) -> "SeedIndex":
        """Return an empty memory of snippets; reason: `near_duplicate`."""
        return SeedIndex(self.threshold)


class SeedIndex:
    """Remembers what it accepted, in about 0.8 kB a snippet of 1 to 15 lines."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._rows = _rows(threshold)
        self._bands = sketches.SIZE // self._rows
        self._shingles: list[bytes] = []
        self._buckets = _Buckets()

    def accepts(self, text: str) -> bool:
        """Take `text` in and return True, unless an accepted text has at least the threshold's similarity to it."""
        shingles = sketches.shingles(text)
        keys = self._keys(shingles)
        candidates = {entry // self._bands for key in keys for entry in self._buckets.entries(key)}
        if any(self._similarity(shingles, candidate) >= self._threshold for candidate in candidates):
            return False
        self._shingles.append(array("Q", shingles).tobytes())
        for key in keys:
            self._buckets.add(key)
        return True

    def _keys(self, shingles: set[int]) -> list[int]:
        """Return 32 bits for each band of the sketch, in which equal ones of different bands differ."""
        import numpy as np

        bands = sketches.minima(shingles)[: self._bands * self._rows].reshape(self._bands, self._rows)
        keys = np.arange(1, self._bands + 1, dtype=np.uint64)
        for row in bands.T:
            keys = (keys ^ row) * np.uint64(0x9E3779B97F4A7C15)
        return [int(key) for key in keys >> np.uint64(32)]

    def _similarity(self, shingles: set[int], candidate: int) -> float:
        earlier = array("Q", self._shingles[candidate])
        common = len(shingles.intersection(earlier))
        return common / (len(shingles) + len(earlier) - common)


class _Buckets:
    """A hash table in three arrays, a tenth of what a dict of lists takes: entries, from 0, by a key of 32 bits."""

    def __init__(self) -> None:
        self._heads = array("I", bytes(4 * _FIRST_SLOTS))  # last entry of each slot, from 1; 0 = none
        self._next = array("I")  # entry -> the one before it in its slot
        self._keys = array("I")

    def entries(self, key: int) -> list[int]:
        found = []
        entry = self._heads[key % len(self._heads)]
        while entry:
            if self._keys[entry - 1] == key:
                found.append(entry - 1)
            entry = self._next[entry - 1]
        return found

    def add(self, key: int) -> None:
        if len(self._keys) == len(self._heads):
            self._grow()
        self._keys.append(key)
        self._link(key)

    def _link(self, key: int) -> None:
        slot = key % len(self._heads)
        self._next.append(self._heads[slot])
        self._heads[slot] = len(self._next)

    def _grow(self) -> None:
        self._heads = array("I", bytes(8 * len(self._heads)))
        self._next = array("I")
        for key in self._keys:
            self._link(key)


def _rows(threshold: float) -> int:
    """Return how many values of the sketch make a band: as many as the recall allows, for fewer vain comparisons."""
    fitting = (rows for rows in range(sketches.SIZE, 1, -1) if _recall(threshold, rows) >= _RECALL)
    return next(fitting, 1)


def _recall(threshold: float, rows: int) -> float:
    """Return the probability that two texts at the threshold agree in one whole band."""
    return 1.0 - (1.0 - threshold**rows) ** (sketches.SIZE // rows)
