"""Sketches estimate similarity, the same everywhere; farthest-first order spreads over them."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen import sketches
from magicoder_gen.fingerprint import digest, rng

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=20)


def words(first: int, stop: int) -> str:
    """A text of which each pair of words is another."""
    return " ".join(f"w{number}" for number in range(first, stop))


def test_the_values_are_fixed() -> None:
    """On every machine, with every version of numpy: seeds depend on them."""
    texts = ["def f(x):\n    return x\n", "größe = 1", "x", "", words(0, 9000)]
    rows = sketches.sketches(texts)
    assert (rows.shape, rows.dtype) == ((5, 64), np.uint8)
    assert digest(rows.tolist()) == "6669d8316296ac6fc7b41ab10569de75"


def test_no_texts_no_rows() -> None:
    """An empty array keeps its width."""
    assert sketches.sketches([]).shape == (0, 64)
    assert list(sketches.farthest_first(sketches.sketches([]))) == []


def test_space_and_symbols_do_not_count() -> None:
    """Pairs of words do, and their order."""
    assert sketches.shingles("a = b(c)") == sketches.shingles("a\n  b , c")
    assert sketches.shingles("a b c") != sketches.shingles("b c a")
    assert sketches.shingles(" }\n") == sketches.shingles("}")
    assert sketches.shingles("}") != sketches.shingles(")")


@pytest.mark.parametrize("common", [0, 300, 500, 800, 1000])
def test_agreement_estimates_similarity(common: int) -> None:
    """Of 64 functions, the share that agrees is near the Jaccard similarity."""
    one, other = sketches.shingles(words(0, 1001)), sketches.shingles(words(1000 - common, 2001 - common))
    similarity = len(one & other) / len(one | other)
    agreement = (sketches.minima(one) == sketches.minima(other)).mean()
    assert abs(agreement - similarity) < 0.2


def test_long_texts_are_cut_into_blocks() -> None:
    """The minimum over blocks is the minimum over all."""
    hashes = sorted(sketches.shingles(words(0, 10_000)))
    parts = [sketches.minima(set(hashes[start : start + 1000])) for start in range(0, len(hashes), 1000)]
    assert (sketches.minima(set(hashes)) == np.min(parts, axis=0)).all()


def test_the_farthest_comes_first() -> None:
    """Distances to row 0 are 1, 4 and 3; once row 2 is chosen, row 3 is only 1 away from it."""
    rows = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]], np.uint8)
    assert list(sketches.farthest_first(rows)) == [0, 2, 1, 3, 4]


@given(ROWS)
def test_every_row_comes_once_and_as_far_as_can_be(drawn: list[list[int]]) -> None:
    """By the definition: the greatest distance to the chosen, the lowest number among equals."""
    rows = np.array(drawn, np.uint8)
    order = list(sketches.farthest_first(rows))
    assert sorted(order) == list(range(len(drawn)))
    assert order[0] == 0
    distances = (rows[:, None, :] != rows[None, :, :]).sum(axis=2)
    for step in range(1, len(order)):
        rest = sorted(set(range(len(drawn))) - set(order[:step]))
        nearest = [distances[row, order[:step]].min() for row in rest]
        assert order[step] == rest[int(np.argmax(nearest))]


@given(ROWS, st.integers(0, 20))
def test_it_is_lazy_and_nested(drawn: list[list[int]], taken: int) -> None:
    """The first m are the same for any m."""
    rows = np.array(drawn, np.uint8)
    assert list(islice(sketches.farthest_first(rows), taken)) == list(sketches.farthest_first(rows))[:taken]


def test_clusters_give_one_each_before_any_gives_two() -> None:
    """Of ten kinds of text, the first ten chosen are one of each."""
    kinds = [words(100 * number, 100 * number + 60) for number in range(10)]
    shuffled = [number % 10 for number in range(200)]
    rng(1).shuffle(shuffled)
    rows = sketches.sketches(f"{kinds[kind]} x{number}" for number, kind in enumerate(shuffled))
    assert {shuffled[row] for row in islice(sketches.farthest_first(rows), 10)} == set(range(10))
