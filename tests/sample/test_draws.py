from builders import a_document
from hypothesis import given
from hypothesis import strategies as st

from magicoder_gen.records import Seed, Skipped
from magicoder_gen.sample.draws import Draw, Smallest

KEYS = st.lists(st.integers(0, 30), max_size=40)


def a_draw(key: int, path: str = "") -> Draw:
    """The first line of a document, with its key as text."""
    return Draw.of(a_document(id=f"{key}{path}"), str(key), first_line=1, last_line=1)


def outcomes(keys: list[int], num: int) -> list[Seed | Skipped]:
    """What becomes of draws with these keys."""
    smallest = Smallest(num)
    return [*(gone for key in keys for gone in smallest.offer(key, a_draw(key))), *smallest.outcomes()]


def seeds(found: list[Seed | Skipped]) -> list[Seed]:
    """The seeds alone."""
    return [outcome for outcome in found if isinstance(outcome, Seed)]


@given(KEYS, st.integers(1, 12))
def test_the_smallest_keys_win_and_every_document_has_one_outcome(keys: list[int], num: int) -> None:
    """Seeds are the `num` smallest different keys, ascending; outcomes are as many as documents."""
    found = outcomes(keys, num)
    assert [seed.text for seed in seeds(found)] == [str(key) for key in sorted(set(keys))[:num]]
    assert [seed.index for seed in seeds(found)] == list(range(len(seeds(found))))
    assert len(found) == len(keys)


@given(st.data(), KEYS, st.integers(1, 12))
def test_order_changes_neither_seeds_nor_counts(data: st.DataObject, keys: list[int], num: int) -> None:
    """Any permutation of the documents gives the same seeds and the same reasons as often."""
    shuffled = data.draw(st.permutations(keys))
    one, other = outcomes(keys, num), outcomes(shuffled, num)
    assert seeds(one) == seeds(other)
    assert _reasons(one) == _reasons(other)


def _reasons(found: list[Seed | Skipped]) -> list[str]:
    return sorted(outcome.reason for outcome in found if isinstance(outcome, Skipped))


def test_equal_documents_are_represented_by_the_first_origin() -> None:
    """Which of two copies is read first does not show."""
    for paths in ("ab", "ba"):
        smallest = Smallest(1)
        for path in paths:
            assert list(smallest.offer(1, a_draw(1, path))) == []
        seed, skipped = smallest.outcomes()
        assert isinstance(seed, Seed)
        assert seed.origin.path == "1a.py"
        assert isinstance(skipped, Skipped)
        assert skipped.reason == "duplicate"
