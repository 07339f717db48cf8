"""How much a data set repeats itself and its seeds: distinct n-grams, similarity of rows, copies of seeds."""

from typing import TYPE_CHECKING

from magicoder_gen import ngrams
from magicoder_gen.categories import terms
from magicoder_gen.categories.terms import Counted, Space
from magicoder_gen.clean import near
from magicoder_gen.ngrams import Words
from magicoder_gen.records import Record
from magicoder_gen.report import histograms
from magicoder_gen.report.histograms import Histogram

if TYPE_CHECKING:
    import numpy as np

_HELD = 1 << 21  # different hashes, before fewer are looked at
_GRAM_BITS = 32  # of a gram in `near.sets`
_PERCENT = 0.05


class Distinct(Record, frozen=True):
    """N-grams of words over all rows: all of them, and the different ones.

    `share` is distinct / total; the lower, the more a data set repeats itself, and the longer it is. Where there are
    more than two million different ones, their number is estimated (`exact` false), 0.1 % off.
    """

    size: int
    total: int
    distinct: int
    exact: bool
    share: float | None


class DistinctCounter:
    """Counts different hashes in bounded memory: adaptive sampling (Wegman; Flajolet 1990).

    Only hashes that end in some zero bits are held; where there are more than `most`, one more bit must be zero. So
    what is held is a share of the different ones that only the hashes decide, whatever the order.
    """

    def __init__(self, size: int, *, most: int = _HELD) -> None:
        import numpy as np

        self._size = size
        self._most = most
        self._total = 0
        self._zeros = 0
        self._held = np.zeros(0, np.uint64)
        self._new: list[np.ndarray] = []

    def add(self, words: Words) -> None:
        """Count the n-grams of some texts."""
        inside = ngrams.whole(words.firsts, self._size)
        grams = self._wanted(ngrams.grams(words.hashes, self._size)[inside])
        self._total += int(inside.sum())
        self._new.append(grams)
        if sum(map(len, self._new)) > self._most:
            self._merge()

    def _wanted(self, hashes: "np.ndarray") -> "np.ndarray":
        import numpy as np

        wanted: np.ndarray = hashes[hashes & np.uint64((1 << self._zeros) - 1) == 0]
        return wanted

    def _merge(self) -> None:
        import numpy as np

        held = np.sort(np.concatenate([self._held, *map(self._wanted, self._new)]))
        self._held = held[np.concatenate(([True], held[1:] != held[:-1]))] if len(held) else held
        self._new = []
        while len(self._held) > self._most:
            self._zeros += 1
            self._held = self._wanted(self._held)

    def result(self) -> Distinct:
        """Return what was counted."""
        self._merge()
        distinct = min(len(self._held) << self._zeros, self._total)
        return Distinct(self._size, self._total, distinct, not self._zeros, histograms.share(distinct, self._total))


class SelfSimilarity(Record, frozen=True):
    """TF-IDF cosines, 0 to 1, among `rows` rows that were drawn: over all pairs, and of each row with its nearest."""

    rows: int
    mean_of_pairs: float | None
    nearest: Histogram


def self_similarity(space: Space, texts: Counted) -> SelfSimilarity:
    """Compare some rows, meant to be a few hundred, with each other."""
    import numpy as np

    rows = len(texts.sizes)
    if rows <= 1:
        return SelfSimilarity(rows, None, histograms.of(np.zeros(0), _PERCENT))
    table = np.concatenate(list(terms.cosines(space, texts, texts))).astype(np.float64)
    np.fill_diagonal(table, 0.0)
    mean = table.sum() / (rows * (rows - 1))
    return SelfSimilarity(rows, round(float(mean), 4), histograms.of(bounded(table.max(axis=1)), _PERCENT))


def bounded(cosines: "np.ndarray") -> "np.ndarray":
    """Return cosines without what float32 adds beyond 1 and behind the fifth digit."""
    import numpy as np

    return np.clip(np.round(cosines.astype(np.float64), 5), 0.0, 1.0)


def copied(seeds: Words, samples: Words) -> "np.ndarray":
    """Return for each row the share (float64) of the seed's word 5-grams that the sample has; NaN where it has none."""
    import numpy as np

    mine, theirs = near.sets(seeds), near.sets(samples)
    found = np.isin(_keyed(mine), _keyed(theirs), assume_unique=True)
    rows = np.repeat(np.arange(len(mine.sizes)), mine.sizes)
    hits = np.bincount(rows, found, minlength=len(mine.sizes))
    return np.where(mine.sizes > 0, hits / np.maximum(mine.sizes, 1), np.nan)


def _keyed(sets: near.Sets) -> "np.ndarray":
    import numpy as np

    rows = np.repeat(np.arange(len(sets.sizes), dtype=np.uint64), sets.sizes)
    return (rows << np.uint64(_GRAM_BITS)) | sets.grams.astype(np.uint64)
