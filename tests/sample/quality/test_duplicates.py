"""Near-duplicate snippets: the earlier one stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magicoder_gen.fingerprint import rng
from magicoder_gen.sample.quality.duplicates import NearDuplicates
from magicoder_gen.sketches import shingles

CODE = """def total(prices, tax):
    result = 0.0
    for price in prices:
        result += price * (1 + tax)
    return round(result, 2)
"""


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity that decides."""
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


def a_text(number: int) -> str:
    """Some words, other ones for each number."""
    generator = rng(7, number)
    return " ".join(f"w{generator.randrange(10**6)}" for _ in range(generator.randint(2, 60)))


@pytest.mark.parametrize(
    "variant",
    [
        CODE,
        CODE.replace("    ", "\t").replace("(", " ( "),
        CODE.replace("0.0", "0.5"),
        CODE.replace("round(result, 2)", "round(result, 3)"),
        f"\n\n# A note.\n{CODE}",
    ],
)
def test_what_says_almost_the_same_is_not_taken(variant: str) -> None:
    """Space, a number, a line more."""
    index = NearDuplicates().index()
    assert index.accepts(CODE)
    assert not index.accepts(variant)


def test_other_code_is_taken() -> None:
    """Also short code that differs in a word, and what has no words at all."""
    index = NearDuplicates().index()
    texts = [CODE, "return x\n", "return y\n", "x\n", "}\n", "});\n", "x = 1\n", "y = 1\n", "import os\n"]
    assert [text for text in texts if not index.accepts(text)] == []
    assert [text for text in texts if index.accepts(f"  {text}\n")] == []


def test_what_was_refused_leaves_no_trace() -> None:
    """A text is compared with those that were taken, not with those that were not."""
    words = [f"w{number}" for number in range(41)]
    first, middle, last = " ".join(words[:36]), " ".join(words[3:39]), " ".join(words[6:])
    assert similarity(first, middle) >= 0.8 <= similarity(middle, last)
    assert similarity(first, last) < 0.73
    index = NearDuplicates(threshold=0.75).index()
    assert [index.accepts(text) for text in (first, middle, last)] == [True, False, True]


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9, 1.0])
def test_the_threshold_holds(threshold: float) -> None:
    """Of 400 pairs around it, all above are refused but for the few that sketches miss, and none below."""
    index = NearDuplicates(threshold=threshold).index()
    missed = 0
    for number in range(400):
        text = a_text(number)
        assert index.accepts(text)
        words = text.split()
        kept = words[: max(2, round(len(words) * rng(3, number).uniform(threshold - 0.2, 1)))]
        variant = " ".join(kept)
        refused = not index.accepts(variant)
        alike = similarity(text, variant) >= threshold
        assert alike or not refused
        missed += alike and not refused
    assert missed <= 4


def test_thousands_are_remembered() -> None:
    """The table grows and forgets nothing."""
    index = NearDuplicates().index()
    assert all(index.accepts(a_text(number)) for number in range(3000))
    assert not any(index.accepts(a_text(number)) for number in range(3000))


@settings(max_examples=30)
@given(st.lists(st.text(alphabet="abc \n=(", max_size=30), max_size=30))
def test_any_texts_twice_is_once(texts: list[str]) -> None:
    """What was accepted is refused the second time, and what was refused stays so."""
    index = NearDuplicates().index()
    for text in texts:
        index.accepts(text)
    assert not any(index.accepts(text) for text in texts)
