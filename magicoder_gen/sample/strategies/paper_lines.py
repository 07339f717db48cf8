"""The published procedure, bit by bit."""

import random  # noqa: TID251  # the published procedure is defined on this generator's own sequence
from collections.abc import Iterable, Iterator

from magicoder_gen.records import Block, Document, Skipped
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.strategies.lines import Positive, check_bounds
from magicoder_gen.sample.texts import content_id


class PaperLines(Block, frozen=True):
    """The published procedure, bit by bit: the same corpus gives the same snippets in the same order.

    The first `max_documents` documents of the corpus (null = all), as they are, in its order. Python's
    Mersenne Twister starts anew for every `chunk_size` documents with rng_seed + the index of the chunk's
    first; each document then takes a start line, uniform over its lines, and a number of lines, uniform
    from `min_lines` to `max_lines`, cut at the document's end. The order is NumPy's permutation of all of
    them by rng_seed, and the seeds are the first `num` of it. Lines are those of str.splitlines, which also
    ends one at form feed, U+2028 and others; `first_line` and `last_line` count them that way. With quotas the
    procedure runs once per language, over the documents of that language.

    The published program stops at an empty document; here it, and one that cannot be read, keeps its index and
    draws nothing. There is no quality check, and no other choice of documents. Source and defaults:
    src/magicoder/generate_data.py of https://github.com/ise-uiuc/magicoder.
    """

    min_lines: Positive = 1
    max_lines: Positive = 15
    chunk_size: Positive = 1000
    max_documents: Positive | None = 150_000

    def __post_init__(self) -> None:
        check_bounds(self.min_lines, self.max_lines)

    def outcomes(self, documents: Iterable[Document | Skipped], *, rng_seed: int) -> Iterator[Draw | Skipped]:
        """Yield one Draw or Skipped per document in the published order, after all were read; keeps the draws only."""
        import numpy as np

        outcomes = list(self._in_reading_order(documents, rng_seed))
        for position in np.random.default_rng(rng_seed).permutation(len(outcomes)):
            yield outcomes[position]

    def _in_reading_order(self, documents: Iterable[Document | Skipped], rng_seed: int) -> Iterator[Draw | Skipped]:
        twister = random.Random(rng_seed)  # noqa: S311  # repeatable, not secret
        for index, document in enumerate(_first(documents, self.max_documents)):
            if index % self.chunk_size == 0:
                twister.seed(rng_seed + index)
            yield document if isinstance(document, Skipped) else self._draw(document, twister)

    def _draw(self, document: Document, twister: random.Random) -> Draw | Skipped:
        try:
            lines = document.content.decode().splitlines(keepends=True)
        except UnicodeDecodeError:
            return Skipped("encoding", document.locate())
        if not lines:
            return Skipped("empty", document.locate())
        start = twister.choice(range(len(lines)))
        window = lines[start : start + twister.randint(self.min_lines, self.max_lines)]
        return Draw(
            content_id(document.content),
            "".join(window),
            document.language,
            start + 1,
            start + len(window),
            document.locate(),
        )


def _first(documents: Iterable[Document | Skipped], number: int | None) -> Iterator[Document | Skipped]:
    """Yield the first `number` (None = all); a Skipped for many documents once for each of them."""
    taken = 0
    for document in documents:
        for _ in range(document.count if isinstance(document, Skipped) else 1):
            if taken == number:
                return
            taken += 1
            yield document
        if taken == number:
            return
