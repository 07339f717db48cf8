"""TF-IDF of many texts."""

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.categories import terms

WORDS = st.lists(
    st.sampled_from(["a", "ab", "AB", "abc", "sum_to_n", "x1", "of", "list,", "node_", "(tree)", "42", "7"])
)
TEXTS = st.lists(WORDS.map(" ".join), min_size=1, max_size=6)


def plainly(texts: list[str], others: list[str]) -> list[list[float]]:
    """The definition, word by word."""
    every = [Counter(re.findall(r"\b\w\w+\b", text.lower())) for text in [*texts, *others]]
    frequency = Counter(term for counts in every for term in counts)
    weight = {term: math.log((1 + len(every)) / (1 + texts)) + 1 for term, texts in frequency.items()}
    vectors = [{term: count * weight[term] for term, count in counts.items()} for counts in every]
    lengths = [math.sqrt(sum(value * value for value in vector.values())) or 1.0 for vector in vectors]
    units = [{k: v / length for k, v in vector.items()} for vector, length in zip(vectors, lengths, strict=True)]
    return [[sum(v * b.get(k, 0.0) for k, v in a.items()) for b in units[len(texts) :]] for a in units[: len(texts)]]


@given(TEXTS, TEXTS)
def test_cosines_are_those_of_the_definition(texts: list[str], others: list[str]) -> None:
    """As scikit-learn's TfidfVectorizer has them."""
    mine, theirs = terms.count(texts), terms.count(others)
    space = terms.space(mine, theirs)
    found = np.concatenate(list(terms.cosines(space, mine, theirs)))
    assert found.tolist() == [pytest.approx(row, abs=1e-5) for row in plainly(texts, others)]


@given(st.lists(st.text(max_size=30), max_size=8), st.integers(0, 8))
def test_portions_put_together_are_the_whole(texts: list[str], border: int) -> None:
    """Whatever is in the texts, NUL and letters of any script included; and any rows can be chosen."""
    whole = terms.count(texts)
    parts = terms.joined([terms.count(texts[:border]), terms.count(texts[border:])])
    for name in terms.Counted.__struct_fields__:
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()
    chosen = whole.chosen(np.arange(min(border, len(texts))))
    assert chosen.terms.tolist() == terms.count(texts[:border]).terms.tolist()


def test_more_rows_than_are_multiplied_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is lost between two pieces."""
    texts = [f"word{number % 7} other" for number in range(25)]
    counted = terms.count(texts)
    space = terms.space(counted)
    at_once = np.concatenate(list(terms.cosines(space, counted, counted)))
    monkeypatch.setattr(terms, "_AT_ONCE", 10)
    assert np.allclose(np.concatenate(list(terms.cosines(space, counted, counted))), at_once)
    assert at_once.shape == (25, 25)
