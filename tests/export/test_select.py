"""A number of samples: by hash or the most different, balanced, the same in any order, fewer within more."""

from collections import Counter
from typing import Literal

import msgspec
import pytest
from exporting import a_sample
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.categories.names import NAMES
from magicoder_gen.export import select as selection
from magicoder_gen.export.fields import Row
from magicoder_gen.export.select import Select
from magicoder_gen.records import Sample

By = Literal["hash", "diversity"]
languages = st.lists(st.sampled_from(["python", "rust", "go"]), max_size=40)
ways = st.sampled_from(["hash", "diversity"])

SUBJECTS = ["sort a list of names", "open a socket to a host", "draw a red circle", "read rows of a table"]


def chosen(select: Select, samples: list[Sample]) -> set[str]:
    """The ids of what is chosen."""
    return {samples[number].id for number in select.chosen((n, Row(sample)) for n, sample in enumerate(samples))}


@given(languages=languages, rows=st.integers(1, 45), balanced=st.booleans(), by=ways, data=st.data())
def test_the_same_whatever_the_order_and_fewer_within_more(
    languages: list[str],
    rows: int,
    balanced: bool,  # noqa: FBT001
    by: By,
    data: st.DataObject,
) -> None:
    """Exactly as many as there can be."""
    samples = [
        a_sample(number, text=f"{SUBJECTS[number % 4]} {number}", language=language)
        for number, language in enumerate(languages)
    ]
    balance = "language" if balanced else None
    found = chosen(Select(rows=rows, balance=balance, by=by), samples)
    assert len(found) == min(rows, len(samples))
    assert found <= chosen(Select(rows=rows + 1, balance=balance, by=by), samples)
    assert chosen(Select(rows=rows, balance=balance, by=by), data.draw(st.permutations(samples))) == found


@given(languages=languages, rows=st.integers(1, 45), by=ways)
def test_balanced_means_that_no_value_is_short_while_another_has_more(languages: list[str], rows: int, by: By) -> None:
    """A value with fewer than another, by more than the one of an unfinished round, has given all it has."""
    samples = [a_sample(number, language=language) for number, language in enumerate(languages)]
    found = chosen(Select(rows=rows, balance="language", by=by), samples)
    taken = Counter(sample.seed.language for sample in samples if sample.id in found)
    there = Counter(languages)
    for language, count in there.items():
        assert taken[language] == count or taken[language] >= max(taken.values(), default=0) - 1


def test_the_choice_is_no_beginning() -> None:
    """Without a balance, every part of the samples is in it."""
    samples = [a_sample(number) for number in range(1000)]
    found = chosen(Select(rows=100), samples)
    assert len(found) == 100
    assert 30 < sum(sample.id in found for sample in samples[:500]) < 70


def test_the_most_different_come_first() -> None:
    """One of each kind before a second of any, however many there are of it."""
    counts = [40, 3, 2, 1]
    texts = [
        f"{subject}, please, number {n}" for subject, count in zip(SUBJECTS, counts, strict=True) for n in range(count)
    ]
    samples = [a_sample(number, text=" ".join([text] * 3)) for number, text in enumerate(texts)]
    found = chosen(Select(rows=4, by="diversity"), samples)
    kinds = {sample.problem.partition(": ")[2].partition(",")[0] for sample in samples if sample.id in found}
    assert kinds == set(SUBJECTS)


@given(rows=st.integers(1, 30), data=st.data())
def test_too_many_to_compare_are_dealt_to_portions(rows: int, data: st.DataObject) -> None:
    """Which changes neither that fewer are within more, nor that the order does not count."""
    samples = [a_sample(number, text=f"{SUBJECTS[number % 4]} {number}") for number in range(25)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_COMPARED", 10)
        patch.setattr(selection, "_PORTION", 7)
        found = chosen(Select(rows=rows, by="diversity"), samples)
        assert len(found) == min(rows, 25)
        assert found <= chosen(Select(rows=rows + 1, by="diversity"), samples)
        assert chosen(Select(rows=rows, by="diversity"), data.draw(st.permutations(samples))) == found


def test_labels_can_be_balanced_too() -> None:
    """Those that have none are one value."""
    labels = [{"topic": "web"}, {"topic": "web"}, {"topic": "web"}, {"topic": "data"}, {}, {}]
    samples = [a_sample(number, labels=dict(label)) for number, label in enumerate(labels)]
    found = chosen(Select(rows=3, balance="labels.topic"), samples)
    assert {str(sample.labels) for sample in samples if sample.id in found} == {str(label) for label in labels}


def test_categories_can_be_balanced() -> None:
    """Of which only then somebody has to know them."""
    rows = [Row(a_sample(number), NAMES[0 if number else 1]) for number in range(10)]
    select = Select(rows=2, balance="category")
    assert select.asks_category
    assert not Select(rows=2, balance="labels.category").asks_category
    assert {rows[number].category for number in select.chosen(enumerate(rows))} == set(NAMES[:2])


def test_unknown_fields_are_refused() -> None:
    """With the nearest name."""
    with pytest.raises(msgspec.ValidationError, match="did you mean language"):
        msgspec.convert({"rows": 3, "balance": "langauge"}, Select)
