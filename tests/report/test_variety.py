"""Distinct n-grams, copies of seeds, rows that resemble each other."""

import numpy as np
import pytest

from magicoder_gen import ngrams
from magicoder_gen.categories import terms
from magicoder_gen.report import variety
from magicoder_gen.report.variety import DistinctCounter


def test_distinct_ngrams_are_counted_over_all_portions() -> None:
    """Those that cross the border of two texts are none."""
    counter = DistinctCounter(2)
    counter.add(ngrams.words(["one two three", "one two"]))
    counter.add(ngrams.words(["TWO three four", ""]))
    found = counter.result()
    assert (found.total, found.distinct, found.exact, found.share) == (5, 3, True, 0.6)


def test_many_distinct_ngrams_are_estimated_in_bounded_memory() -> None:
    """Whatever the order: 40 000 different words, 2 000 of which are held."""
    texts = [f"word{number}" for number in range(40_000)]
    found = []
    for order in (texts, texts[::-1]):
        counter = DistinctCounter(1, most=2000)
        for begin in range(0, len(order), 500):
            counter.add(ngrams.words(order[begin : begin + 500] * 2))
        found.append(counter.result())
    assert found[0] == found[1]
    assert (found[0].total, found[0].exact) == (80_000, False)
    assert found[0].distinct == pytest.approx(40_000, rel=0.1)


def test_a_seed_is_copied_inspiring_or_too_short() -> None:
    """The share of its word 5-grams, each row for itself."""
    seed = "alpha beta gamma delta epsilon zeta eta theta"
    seeds = [seed, seed, seed, "a = 1", "nothing of this is in the sample"]
    samples = [f"See: {seed}!", "alpha beta gamma delta epsilon zeta", "no", "a = 1", seed]
    shares = variety.copied(ngrams.words(seeds), ngrams.words(samples))
    assert shares[:3].tolist() == [1.0, 0.5, 0.0]
    assert np.isnan(shares[3])
    assert shares[4] == 0.0


def test_rows_are_compared_with_each_other_and_not_with_themselves() -> None:
    """Two equal rows among three; a single one has nobody to resemble."""
    counted = terms.count(["red green blue", "red green blue", "one two three"])
    found = variety.self_similarity(terms.space(counted), counted)
    assert found.rows == 3
    assert found.mean_of_pairs == pytest.approx(1 / 3, abs=1e-4)
    assert found.nearest.bins == {"0": 1, "1": 2}
    alone = terms.count(["red"])
    assert variety.self_similarity(terms.space(alone), alone).mean_of_pairs is None
