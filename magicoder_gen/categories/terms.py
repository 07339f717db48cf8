"""TF-IDF of many texts at once: how near each text is to each of a few others.

A term is what scikit-learn's TfidfVectorizer makes of ASCII text: in lower case, two or more letters, digits and
underscores on end. Weights are its defaults too: count x (ln((1 + texts) / (1 + texts with the term)) + 1), and each
text's vector has length 1. Letters beyond ASCII count as in `ngrams`. Terms are known by 48
bits of their hash.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from magicoder_gen import ngrams
from magicoder_gen.records import Record

if TYPE_CHECKING:
    import numpy as np

MOST = 1 << 16  # texts that are counted at once
_ROW_BITS = 16
_LEADS = (0xC0, 0xE0, 0xF0)  # from which on the first byte of a character says that one more follows
_AT_ONCE = 1000  # rows of which all weights are held
_BYTES = ngrams.WORD_BYTES[: ord("_")] + b"\1" + ngrams.WORD_BYTES[ord("_") + 1 :]


class Counted(Record, frozen=True, eq=False):
    """The terms of texts: `sizes` (int64) of each text, then on end its `terms` (uint64, ascending) and their counts.

    Counts are int32.
    """

    sizes: "np.ndarray"
    terms: "np.ndarray"
    counts: "np.ndarray"

    def chosen(self, rows: "np.ndarray") -> "Counted":
        """Return the texts `rows`, ascending numbers."""
        import numpy as np

        wanted = np.zeros(len(self.sizes), bool)
        wanted[rows] = True
        inside = np.repeat(wanted, self.sizes)
        return Counted(self.sizes[rows], self.terms[inside], self.counts[inside])


def count(texts: Sequence[str]) -> Counted:
    """Count the terms of at most MOST texts."""
    import numpy as np

    assert len(texts) <= MOST
    encoded = [ngrams.folded(text).replace("\0", " ").encode("utf-8", "replace") for text in texts]
    joined = b"\0".join([*encoded, b""])
    begins = np.cumsum([0, *(len(text) + 1 for text in encoded)])
    starts, ends = ngrams.runs(_BYTES, joined)
    first = np.frombuffer(joined, np.uint8)[starts]
    long = ends - starts > 1 + (first[:, None] >= _LEADS).sum(axis=1)
    starts, ends = starts[long], ends[long]
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(np.searchsorted(starts, begins)))
    shift = np.uint64(64 - _ROW_BITS)
    keys = (rows << shift) | (ngrams.hashed(joined, starts, ends) >> np.uint64(_ROW_BITS))
    found, counts = np.unique(keys, return_counts=True)
    sizes = np.bincount((found >> shift).astype(np.int64), minlength=len(texts))
    return Counted(sizes, found & ((np.uint64(1) << shift) - np.uint64(1)), counts.astype(np.int32))


def joined(parts: Iterable[Counted]) -> Counted:
    """Put portions together, in order."""
    import numpy as np

    kept = list(parts)
    if not kept:
        return Counted(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.int32))
    columns = ([getattr(part, name) for part in kept] for name in Counted.__struct_fields__)
    return Counted(*(np.concatenate(column) for column in columns))


class Space(Record, frozen=True, eq=False):
    """The known `terms` (uint64, ascending) and the weight of one occurrence of each (float64)."""

    terms: "np.ndarray"
    weights: "np.ndarray"

    def weighed(self, texts: Counted) -> "np.ndarray":
        """Return the weight (float64) of each term of each text in its vector of length 1."""
        import numpy as np

        raw = texts.counts * self.weights[np.searchsorted(self.terms, texts.terms)]
        rows = np.repeat(np.arange(len(texts.sizes)), texts.sizes)
        lengths = np.sqrt(np.bincount(rows, raw * raw, minlength=len(texts.sizes)))
        weighed: np.ndarray = raw / np.repeat(np.maximum(lengths, np.finfo(np.float64).tiny), texts.sizes)
        return weighed


def space(*sets: Counted) -> Space:
    """Learn from sets of texts how rare each term is; one space over all that are compared."""
    import numpy as np

    terms, texts = np.unique(np.concatenate([one.terms for one in sets]), return_counts=True)
    total = sum(len(one.sizes) for one in sets)
    return Space(terms, np.log((1 + total) / (1 + texts)) + 1)


def cosines(space: Space, texts: Counted, others: Counted) -> Iterator["np.ndarray"]:
    """Yield the cosine (float32) of each text with each of the others, some rows of that matrix at a time."""
    import numpy as np

    shared = np.unique(others.terms)
    matrix = _dense(shared, others, space.weighed(others)).T
    weights = space.weighed(texts)
    ends = np.concatenate(([0], np.cumsum(texts.sizes)))
    for first in range(0, len(texts.sizes), _AT_ONCE):
        last = min(first + _AT_ONCE, len(texts.sizes))
        inside = slice(ends[first], ends[last])
        part = Counted(texts.sizes[first:last], texts.terms[inside], texts.counts[inside])
        yield _dense(shared, part, weights[inside]) @ matrix


def _dense(shared: "np.ndarray", texts: Counted, weights: "np.ndarray") -> "np.ndarray":
    """Return a row a text and a column a term of `shared` (float32)."""
    import numpy as np

    matrix = np.zeros((len(texts.sizes), len(shared)), np.float32)
    if len(shared):
        rows = np.repeat(np.arange(len(texts.sizes)), texts.sizes)
        places = np.minimum(np.searchsorted(shared, texts.terms), len(shared) - 1)
        known = shared[places] == texts.terms
        matrix[rows[known], places[known]] = weights[known]
    return matrix
