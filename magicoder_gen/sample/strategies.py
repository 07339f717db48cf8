"""How documents become seeds: uniformly (`Lines`), or exactly as published (`PaperLines`)."""

import random  # noqa: TID251  # the published procedure is defined on this generator's own sequence
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, ClassVar

import msgspec

from magicoder_gen.errors import ConfigError
from magicoder_gen.fingerprint import digest, rng
from magicoder_gen.records import Block, Document, Quality, Seed, Skipped
from magicoder_gen.sample.draws import Draw, Smallest
from magicoder_gen.sample.quality import MinCode
from magicoder_gen.sample.texts import normalised

Positive = Annotated[int, msgspec.Meta(ge=1)]


class Lines(Block, frozen=True):
    """`min_lines` to `max_lines` consecutive lines of each document; a uniform choice of documents.

    Works on normalised text (no byte order mark, LF as the only line end). The length is uniform within
    the bounds and the document, then the start uniform over the places where that length fits, so neither
    short snippets nor file ends are favoured as they are in the paper's procedure. Every draw depends on
    rng_seed and the document's text alone: the corpus's order and layout do not matter.

    1 and 15 lines are the paper's (section 2.1). A document with a line of more than `max_line_length`
    characters is minified or data, and is left out.
    """

    min_lines: Positive = 1
    max_lines: Positive = 15
    max_line_length: Positive = 10_000

    default_quality: ClassVar[tuple[MinCode, ...]] = (MinCode(),)

    def __post_init__(self) -> None:
        _check_bounds(self.min_lines, self.max_lines)

    def seeds(
        self, documents: Iterable[Document | Skipped], *, num: int, rng_seed: int, quality: tuple[Quality, ...]
    ) -> Iterator[Seed | Skipped]:
        """Yield one Seed or Skipped per document: the seeds at the end, O(num) of them in memory until then."""
        smallest = Smallest(num)
        for document in documents:
            if isinstance(document, Skipped):
                yield document
                continue
            outcome = self._draw(document, rng_seed, quality=quality)
            if isinstance(outcome, Skipped):
                yield outcome
            else:
                yield from smallest.offer(int(digest([rng_seed, document.id]), 16), outcome)
        yield from smallest.outcomes()

    def _draw(self, document: Document, rng_seed: int, *, quality: tuple[Quality, ...]) -> Draw | Skipped:
        text = normalised(document.text)
        lines = text.split("\n")
        count = len(lines) - (not lines[-1])  # no line begins behind a final line end
        reason = self._unfit(text, lines, count=count)
        if reason:
            return Skipped(reason, document.origin)
        generator = rng(rng_seed, document.id)
        length = generator.randint(self.min_lines, min(self.max_lines, count))
        start = generator.randrange(count - length + 1)
        stop = start + length
        snippet = "\n".join(lines[start:stop]) + ("\n" if stop < len(lines) else "")
        for check in quality:
            reason = check.reason(snippet, document.language)
            if reason:
                return Skipped(reason, document.origin)
        return Draw.of(document, snippet, first_line=start + 1, last_line=stop)

    def _unfit(self, text: str, lines: list[str], *, count: int) -> str | None:
        if not text or text.isspace():
            return "empty"
        if "\0" in text:
            return "nul"
        if len(text) > self.max_line_length and max(map(len, lines)) > self.max_line_length:
            return "too_long_line"
        return "too_short" if count < self.min_lines else None


class PaperLines(Block, frozen=True):
    """The published procedure, bit by bit: the same corpus gives the same snippets in the same order.

    The first `max_documents` documents of the corpus (null = all), as they are, in its order. Python's
    Mersenne Twister starts anew for every `chunk_size` documents with rng_seed + the index of the chunk's
    first; each document then takes a start line, uniform over its lines, and a number of lines, uniform
    from `min_lines` to `max_lines`, cut at the document's end. The order is NumPy's permutation of all of
    them by rng_seed, and the seeds are the first `num` of it. Lines are those of str.splitlines, which also
    ends one at form feed, U+2028 and others; `first_line` and `last_line` count them that way.

    The published program stops at an empty document; here it, and one that cannot be read, keeps its index and
    draws nothing. There is
    no quality check. Source and defaults: src/magicoder/generate_data.py of
    https://github.com/ise-uiuc/magicoder.
    """

    min_lines: Positive = 1
    max_lines: Positive = 15
    chunk_size: Positive = 1000
    max_documents: Positive | None = 150_000

    default_quality: ClassVar[tuple[MinCode, ...]] = ()

    def __post_init__(self) -> None:
        _check_bounds(self.min_lines, self.max_lines)

    def seeds(
        self, documents: Iterable[Document | Skipped], *, num: int, rng_seed: int, quality: tuple[Quality, ...]
    ) -> Iterator[Seed | Skipped]:
        """Yield one Seed or Skipped per document, all after the last was read; keeps their snippets only.

        Raises ConfigError at once if there is a quality check.
        """
        if quality:
            raise ConfigError("sample.quality: strategy paper_lines checks nothing, as published; leave quality out")
        return self._seeds(documents, num=num, rng_seed=rng_seed)

    def _seeds(self, documents: Iterable[Document | Skipped], *, num: int, rng_seed: int) -> Iterator[Seed | Skipped]:
        import numpy as np

        draws = list(self._draws(documents, rng_seed))
        taken = 0
        for position in np.random.default_rng(rng_seed).permutation(len(draws)):
            draw = draws[position]
            if isinstance(draw, Skipped):
                yield draw
            elif taken < num:
                yield draw.seed(taken)
                taken += 1
            else:
                yield Skipped("not_drawn", draw.origin)

    def _draws(self, documents: Iterable[Document | Skipped], rng_seed: int) -> Iterator[Draw | Skipped]:
        twister = random.Random(rng_seed)  # noqa: S311  # repeatable, not secret
        for index, document in enumerate(islice(documents, self.max_documents)):
            if index % self.chunk_size == 0:
                twister.seed(rng_seed + index)
            yield document if isinstance(document, Skipped) else self._draw(document, twister)

    def _draw(self, document: Document, twister: random.Random) -> Draw | Skipped:
        lines = document.text.splitlines(keepends=True)
        if not lines:
            return Skipped("empty", document.origin)
        start = twister.choice(range(len(lines)))
        window = lines[start : start + twister.randint(self.min_lines, self.max_lines)]
        return Draw.of(document, "".join(window), first_line=start + 1, last_line=start + len(window))


def _check_bounds(min_lines: int, max_lines: int) -> None:
    if min_lines > max_lines:
        raise ValueError(f"min_lines ({min_lines}) is more than max_lines ({max_lines})")
