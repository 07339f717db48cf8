"""Drawing lines: uniform in length and place."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.fingerprint import rng
from magicoder_gen.sample.strategies.lines import Lines, line_count
from magicoder_gen.sample.strategies.paper_lines import PaperLines


def chi_square(found: Counter[Any], expected: dict[Any, float]) -> float:
    """Pearson's statistic; every outcome must be an expected one."""
    assert found.keys() <= expected.keys()
    return sum((found[value] - number) ** 2 / number for value, number in expected.items())


@given(
    st.text(st.sampled_from("ab\n"), min_size=1, max_size=60), st.integers(1, 3), st.integers(0, 4), st.integers(0, 99)
)
def test_windows_lie_within_bounds_and_document(source: str, min_lines: int, more: int, number: int) -> None:
    """A document that is too short says so; every other has a window."""
    window = Lines(min_lines=min_lines, max_lines=min_lines + more).window(source, "python", rng(number))
    if line_count(source) < min_lines:
        assert window == "too_short"
        return
    assert not isinstance(window, str)
    first, stop = window
    assert 0 <= first < stop <= line_count(source)
    assert min_lines <= stop - first <= min_lines + more


def test_lengths_are_uniform() -> None:
    """100 000 draws: 1 to 15 lines equally often; 42.6 is passed by chance once in 10 000 (14 degrees of freedom)."""
    generator, source = rng(976), "x\n" * 40
    windows = [Lines().window(source, "python", generator) for _ in range(100_000)]
    lengths = Counter(int(window[1]) - int(window[0]) for window in windows)
    assert chi_square(lengths, dict.fromkeys(range(1, 16), 100_000 / 15)) < 42.6


def test_starts_are_uniform() -> None:
    """100 000 draws of 1 to 3 lines out of 6: each place of a length equally often, the file's end too; 44.3 for 15."""
    generator, source = rng(976), "x\n" * 5 + "x"
    windows = Counter(Lines(max_lines=3).window(source, "python", generator) for _ in range(100_000))
    expected: dict[Any, float] = {
        (first, first + length): 100_000 / 3 / (7 - length) for length in (1, 2, 3) for first in range(7 - length)
    }
    assert chi_square(windows, expected) < 44.3


def test_short_documents_give_up_to_all_their_lines() -> None:
    """Two lines: one of them or both, whole documents as often as single lines."""
    generator = rng(976)
    lengths = Counter()
    for _ in range(10_000):
        window = Lines().window("a\nb", "python", generator)
        lengths[int(window[1]) - int(window[0])] += 1
    assert chi_square(lengths, {1: 5000, 2: 5000}) < 15.1


def test_lines_end_at_line_feeds_only() -> None:
    """Form feed and line separator are characters of a line of code; no line begins behind the last end."""
    assert line_count("a\x0cb\u2028c\x85d") == 1
    assert [line_count(source) for source in ("a", "a\n", "a\nb", "\n", "a\n\n")] == [1, 1, 2, 1, 2]


@pytest.mark.parametrize("bad", [{"min_lines": 0}, {"min_lines": 5, "max_lines": 4}, {"x": 1}])
@pytest.mark.parametrize("kind", ["lines", "paper_lines"])
def test_impossible_numbers_are_refused(kind: str, bad: dict[str, Any]) -> None:
    """Decoding says what is wrong before anything runs."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": kind, **bad}, Lines | PaperLines)
