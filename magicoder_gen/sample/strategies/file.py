"""The whole document as one snippet."""

import random  # noqa: TID251  # the type of what fingerprint.rng returns

from magicoder_gen.records import Block, Positive
from magicoder_gen.sample.strategies.lines import line_count


class File(Block, frozen=True):
    """The whole document, if it has at most `max_lines` lines (ours: 100 lines are about 1 000 tokens)."""

    max_lines: Positive = 100

    def window(self, source: str, language: str, rng: random.Random) -> tuple[int, int] | str:  # noqa: ARG002  # nothing to draw
        """Return all lines, or `too_many_lines`."""
        count = line_count(source)
        return (0, count) if count <= self.max_lines else "too_many_lines"
