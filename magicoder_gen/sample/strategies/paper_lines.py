"""The published procedure, bit by bit."""

import random  # noqa: TID251  # the published procedure is defined on this generator's own sequence
from collections.abc import Container, Iterable, Iterator
from typing import Self

from magicoder_gen.records import Block, Positive
from magicoder_gen.sample.pools import Draw
from magicoder_gen.sample.protocols import Document, Skipped
from magicoder_gen.sample.strategies.lines import check_bounds
from magicoder_gen.sample.texts import content_id, normalised

_ORDINARY = bytes(set(range(128)) - set(b"\n\r\v\f\x1c\x1d\x1e"))  # ASCII that ends no line
TwisterState = tuple[int, ...]  # what goes on where a generator stopped


class Twister(random.Random):
    """The generator that the procedure is defined on, which can be kept and go on elsewhere."""

    @classmethod
    def of(cls, state: TwisterState | None) -> Self:
        """Return a generator that goes on from `state`, any if None."""
        twister = cls(0)
        if state is not None:
            twister.setstate((cls.VERSION, state, None))
        return twister

    def state(self) -> TwisterState:
        """Return where it stands."""
        state: TwisterState = self.getstate()[1]
        return state


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

    def draws(
        self,
        documents: Iterable[Document | Skipped],
        *,
        rng_seed: int,
        first: int = 0,
        wanted: Container[int] | None = None,
        twister: Twister | None = None,
    ) -> Iterator[tuple[int, Draw | Skipped]]:
        """Yield index and draw of each document in `wanted` (None = all), and of each that cannot be drawn from.

        `first` is the index of the first document: the first of a chunk, or `twister` is as those before it left it.
        """
        twister = twister or Twister.of(None)
        for index, document in enumerate(documents, start=first):
            if index % self.chunk_size == 0:
                twister.seed(rng_seed + index)
            if isinstance(document, Skipped):
                yield index, document
            elif wanted is None or index in wanted:
                yield index, self._draw(document, twister)
            else:
                reason = self._pass_over(document.content, twister)
                if reason:
                    yield index, Skipped(reason, document.locate())

    def _draw(self, document: Document, twister: Twister) -> Draw | Skipped:
        try:
            lines = document.content.decode().splitlines(keepends=True)
        except UnicodeDecodeError:
            return Skipped("encoding", document.locate())
        if not lines:
            return Skipped("empty", document.locate())
        start, number = self._window(len(lines), twister)
        window = lines[start : start + number]
        return Draw(
            content_id(normalised(document.content)),
            "".join(window),
            document.language,
            start + 1,
            start + len(window),
            document.locate(),
        )

    def _pass_over(self, content: bytes, twister: Twister) -> str | None:
        """Draw as `_draw` does, for the sake of the generator; return why nothing can be drawn."""
        try:
            count = _line_count(content)
        except UnicodeDecodeError:
            return "encoding"
        if count == 0:
            return "empty"
        self._window(count, twister)
        return None

    def _window(self, count: int, twister: Twister) -> tuple[int, int]:
        """Return start and number of lines: random.choice over the lines, then random.randint over the bounds."""
        start = _below(count, twister)
        return start, self.min_lines + _below(self.max_lines - self.min_lines + 1, twister)


def _below(number: int, twister: Twister) -> int:
    """Return what `choice` and `randint` are made of, in a third of their time: the tests compare."""
    bits = number.bit_length()
    drawn = twister.getrandbits(bits)
    while drawn >= number:
        drawn = twister.getrandbits(bits)
    return drawn


def order(number: int, rng_seed: int) -> list[int]:
    """Return the published order of so many documents."""
    import numpy as np

    permutation: list[int] = np.random.default_rng(rng_seed).permutation(number).tolist()
    return permutation


def _line_count(content: bytes) -> int:
    """Return the number of lines as str.splitlines counts them: what is left of plain text is its line feeds."""
    ends = content.translate(None, _ORDINARY)
    if ends.strip(b"\n"):
        return len(content.decode().splitlines())
    return len(ends) + (not content.endswith(b"\n") and bool(content))
