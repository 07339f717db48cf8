"""Consecutive lines, without regard to syntax: uniformly where and how many."""

import random  # noqa: TID251  # the type of what fingerprint.rng returns

from magicoder_gen.records import Block, Positive


class Lines(Block, frozen=True):
    """`min_lines` to `max_lines` consecutive lines of a document (1 and 15 are the paper's, section 2.1).

    The length is uniform within the bounds and the document, then the start uniform over the places where that
    length fits: neither short snippets nor file ends are favoured, as they are in the paper's procedure.
    """

    min_lines: Positive = 1
    max_lines: Positive = 15

    def __post_init__(self) -> None:
        check_bounds(self.min_lines, self.max_lines)

    def window(self, source: str, language: str, rng: random.Random) -> tuple[int, int] | str:  # noqa: ARG002  # lines know no language
        """Return first line (from 0) and the line behind the last, or `too_short`."""
        count = line_count(source)
        if count < self.min_lines:
            return "too_short"
        length = rng.randint(self.min_lines, min(self.max_lines, count))
        first = rng.randrange(count - length + 1)
        return first, first + length


def line_count(source: str) -> int:
    """Return the number of lines; none begins behind a final line end."""
    return source.count("\n") + (not source.endswith("\n"))


def check_bounds(min_lines: int, max_lines: int) -> None:
    """Raise ValueError if no number of lines is within the bounds."""
    if min_lines > max_lines:
        raise ValueError(f"min_lines ({min_lines}) is more than max_lines ({max_lines})")
